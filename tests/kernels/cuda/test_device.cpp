#include <array>
#include <cstring>
#include <new>

#include "kernels/cuda/cuda.h"
#include "tests/catch.h"

using namespace herosweep::kernels;

TEST_CASE("The device's memory is counted, and comes back as it was written", "[cuda]") {
  const Backend& cuda = cuda_backend();
  reset_cuda_peak();
  const int64_t before = cuda_allocated_bytes();
  std::array<int, 1000> values{}, copy{};
  for (int i = 0; i < 1000; ++i) values[static_cast<size_t>(i)] = i * 7;
  void* data = cuda.allocate(sizeof values);
  CHECK(cuda_allocated_bytes() == before + static_cast<int64_t>(sizeof values));
  cuda.upload(data, values.data(), sizeof values);
  cuda.download(copy.data(), data, sizeof copy);
  CHECK(values == copy);
  cuda.release(data);
  CHECK(cuda_allocated_bytes() == before);
  CHECK(cuda_peak_bytes() == before + static_cast<int64_t>(sizeof values));
}

TEST_CASE("Asking for more memory than the device has costs only that call", "[cuda]") {
  const Backend& cuda = cuda_backend();
  CHECK_THROWS_AS(cuda.allocate(size_t{1} << 50), std::bad_alloc);
  void* data = cuda.allocate(64);
  cuda.release(data);
}

TEST_CASE("A status describes a usable device", "[cuda]") {
  const CudaStatus status = cuda_status();
  CHECK(status.reason.empty());
  CHECK(status.compute_major >= 8);
  CHECK(status.memory_bytes > 0);
  CHECK(status.driver >= status.runtime / 1000 * 1000);
}
