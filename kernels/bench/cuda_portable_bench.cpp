// Every tile of the portable CUDA GEMM on the shapes of BERT and GPT layers: microseconds a call
// from recordings of many, FP16 out. The tile that `choose` takes is marked.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/gemm/portable.h"

namespace herosweep::kernels {
namespace {

using cuda::portable::TileSize;

struct Pair {
  const char* name;
  ElementType x;
  ElementType w;
};
constexpr Pair kPairs[] = {{"s8 x s8", ElementType::s8, ElementType::s8},
                           {"s8 x s4", ElementType::s8, ElementType::s4},
                           {"f16 x f16", ElementType::f16, ElementType::f16},
                           {"f16 x s8", ElementType::f16, ElementType::s8},
                           {"f16 x s4", ElementType::f16, ElementType::s4}};
constexpr int kRows[] = {128, 512, 2048, 8192};
constexpr struct {
  int n;
  int k;
} kLayers[] = {{2304, 768}, {768, 768}, {3072, 768}, {768, 3072}, {4096, 1024}, {1024, 4096}};
constexpr const char* kTileNames[] = {"128x128", "64x64", "32x32"};

class Buffer {
 public:
  explicit Buffer(size_t bytes) : data_(cuda_backend().allocate(bytes)) {}
  ~Buffer() { cuda_backend().release(data_); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  void* data() const { return data_; }

 private:
  void* data_;
};

/// Random bytes; of FP16 the exponents are kept where numbers are of order 1. Zeros would let the
/// device clock higher than real data do.
void fill(const Buffer& buffer, size_t bytes, ElementType type) {
  std::mt19937 generator(1);
  std::vector<unsigned char> values(bytes);
  std::generate(values.begin(), values.end(),
                [&] { return static_cast<unsigned char>(generator()); });
  constexpr unsigned char kSignAndFraction = 0x83, kExponent = 0x38;  // 0.5 to 1
  for (size_t i = 1; type == ElementType::f16 && i < bytes; i += 2)
    values[i] = static_cast<unsigned char>((values[i] & kSignAndFraction) | kExponent);
  cuda_backend().upload(buffer.data(), values.data(), bytes);
}

double microseconds(const GemmArgs& args, TileSize size) {
  constexpr int kCalls = 50;
  constexpr int kRounds = 11;
  const auto recording = cuda_backend().record([&] {
    for (int i = 0; i < kCalls; ++i) cuda::portable::gemm(args, size);
  });
  recording->replay();
  std::vector<int64_t> times(kRounds);
  for (int64_t& time : times) time = cuda_backend().time([&] { recording->replay(); });
  std::nth_element(times.begin(), times.begin() + kRounds / 2, times.end());
  return static_cast<double>(times[kRounds / 2]) / 1e3 / kCalls;
}

void run_layer(const Pair& pair, int m, int n, int k, int multiprocessors) {
  const size_t x_bytes =
      static_cast<size_t>(m) * static_cast<size_t>(k) * (pair.x == ElementType::f16 ? 2 : 1);
  const size_t w_bytes = cuda_backend().packed_bytes(pair.w, n, k);
  const Buffer x(x_bytes), w(w_bytes), y(static_cast<size_t>(m) * static_cast<size_t>(n) * 2);
  fill(x, x_bytes, pair.x);
  fill(w, w_bytes, pair.w);
  GemmArgs args;
  args.m = m;
  args.x_type = pair.x;
  args.x = x.data();
  args.w = {pair.w, n, k, w.data()};
  args.out.f16 = y.data();
  const TileSize chosen = cuda::portable::choose(m, n, multiprocessors);
  std::string line = fmt::format("{:9} {:5} {:5} {:5}", pair.name, m, n, k);
  double of_chosen = 0;
  for (const TileSize size : cuda::portable::kTileSizes) {
    const double time = microseconds(args, size);
    if (size == chosen) of_chosen = time;
    line += fmt::format("  {} {:8.2f}{}", kTileNames[static_cast<size_t>(size)], time,
                        size == chosen ? '*' : ' ');
  }
  const double operations = 2.0 * m * n * k;
  std::puts(fmt::format("{}  {:6.1f} T/s", line, operations / of_chosen / 1e6).c_str());
}

}  // namespace
}  // namespace herosweep::kernels

int main() {
  using namespace herosweep::kernels;
  const CudaStatus status = cuda_status();
  if (!status.usable) {
    std::fprintf(stderr, "%s\n", status.reason.c_str());
    return 1;
  }
  std::puts(fmt::format("{}; x, w, m, n, k; us a call, * chosen", status.device).c_str());
  for (const Pair& pair : kPairs)
    for (const int m : kRows)
      for (const auto& layer : kLayers)
        run_layer(pair, m, layer.n, layer.k, status.multiprocessors);
}
