// Attention of the CUDA backend on the shapes of BERT, in a CUDA graph of 20 calls on random data.
//
//   herosweep_bench_cuda_attention                       prints a table
//   herosweep_bench_cuda_attention --serve B H S D TYPE  a contender of peers/sdpa.py: prints
//                                                        "ready", answers "run N" with N times in
//                                                        ns
//
// TYPE is f16 or s8. Times are the device's, of one call, launch included. Bytes are what has to be
// read and written once; operations are those of both products. The peaks are those of the tensor
// cores and of the memory at their highest clocks; small shapes are served by the L2 cache.
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/cuda.h"

namespace herosweep::kernels {
namespace {

struct Shape {
  int batch, heads, length, head_size;
};
constexpr Shape kShapes[] = {{1, 12, 128, 64},   {16, 12, 128, 64}, {64, 12, 128, 64},
                             {128, 12, 128, 64}, {32, 12, 384, 64}, {8, 12, 1024, 64},
                             {8, 16, 2048, 128}};
constexpr int kCalls = 20;
constexpr int kRounds = 31;

struct Release {
  void operator()(void* data) const { cuda_backend().release(data); }
};
using DeviceMemory = std::unique_ptr<void, Release>;

template <class T>
DeviceMemory upload(const std::vector<T>& values) {
  DeviceMemory memory(cuda_backend().allocate(values.size() * sizeof(T)));
  cuda_backend().upload(memory.get(), values.data(), values.size() * sizeof(T));
  return memory;
}

/// Normal values: FP16, or INT8 where three deviations are 127.
template <class T>
DeviceMemory random_values(size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<T> values(count);
  for (T& value : values) {
    const float x = normal(random);
    if constexpr (sizeof(T) == 1)
      value = static_cast<T>(std::clamp(x * 42.0f, -127.0f, 127.0f));
    else
      value = __float2half_rn(x);
  }
  return upload(values);
}

/// One shape and type, recorded.
class Contender {
 public:
  Contender(Shape shape, ElementType type) : shape_(shape), type_(type) {
    const auto count = static_cast<size_t>(shape.batch) * static_cast<size_t>(shape.length) *
                       static_cast<size_t>(shape.heads * shape.head_size);
    std::vector<int32_t> offsets;
    for (int s = 0; s <= shape.batch; ++s) offsets.push_back(s * shape.length);
    offsets_ = upload(offsets);
    const std::vector<float> inverse(static_cast<size_t>(shape.heads * shape.head_size), 100.0f);
    inverse_scale_ = upload(inverse);
    element_bytes_ = type == ElementType::s8 ? 1 : 2;
    qkv_ = type == ElementType::s8 ? random_values<int8_t>(3 * count)
                                   : random_values<__half>(3 * count);
    out_.reset(cuda_backend().allocate(count * static_cast<size_t>(element_bytes_)));
    args_.heads = shape.heads;
    args_.head_size = shape.head_size;
    args_.sequences = shape.batch;
    args_.offsets = static_cast<const int32_t*>(offsets_.get());
    args_.longest = shape.length;
    args_.rows = shape.batch * shape.length;
    args_.type = type;
    args_.qkv = qkv_.get();
    args_.score_scale = 1.0f / std::sqrt(static_cast<float>(shape.head_size));
    if (type == ElementType::s8) {
      args_.scale_q = args_.scale_k = args_.scale_v = 1.0f / 42.0f;
      args_.out.s8 = static_cast<int8_t*>(out_.get());
      args_.out.inverse_scale = static_cast<const float*>(inverse_scale_.get());
    } else {
      args_.out.f16 = out_.get();
    }
    const auto calls = [this] {
      for (int i = 0; i < kCalls; ++i) cuda_backend().attention(args_);
    };
    calls();  // sets up the kernel, which a recording must not
    graph_ = cuda_backend().record(calls);
    for (int i = 0; i < 5; ++i) run();
  }

  /// Nanoseconds of one call.
  double run() {
    return static_cast<double>(cuda_backend().time([this] { graph_->replay(); })) / kCalls;
  }

  double bytes() const {
    return 4.0 * shape_.batch * shape_.length * shape_.heads * shape_.head_size * element_bytes_;
  }
  double operations() const {
    return 4.0 * shape_.batch * shape_.heads * shape_.length * shape_.length * shape_.head_size;
  }

 private:
  Shape shape_;
  ElementType type_;
  int element_bytes_;
  DeviceMemory offsets_, inverse_scale_, qkv_, out_;
  AttentionArgs args_;
  std::unique_ptr<Recording> graph_;
};

/// Per nanosecond.
struct Peaks {
  double bytes = 0;
  double f16_operations = 0;
};

Peaks peaks() {
  int clock_khz = 0, memory_khz = 0, bus_bits = 0;
  cudaDeviceGetAttribute(&clock_khz, cudaDevAttrClockRate, 0);
  cudaDeviceGetAttribute(&memory_khz, cudaDevAttrMemoryClockRate, 0);
  cudaDeviceGetAttribute(&bus_bits, cudaDevAttrGlobalMemoryBusWidth, 0);
  const CudaStatus status = cuda_status();
  constexpr double kKilohertzPerGigahertz = 1e6;
  // FP16 operations of one multiprocessor in one clock; INT8 has twice as many.
  const double each = status.compute_major >= 9 ? 4096 : status.compute_minor == 0 ? 2048 : 1024;
  return {2.0 * memory_khz / kKilohertzPerGigahertz * bus_bits / 8,
          each * status.multiprocessors * clock_khz / kKilohertzPerGigahertz};
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

void print_table() {
  const Peaks peak = peaks();
  std::printf("%s, CUDA graph of %d calls, medians of %d rounds\n", cuda_status().device.c_str(),
              kCalls, kRounds);
  std::printf("%-20s %-4s %9s %8s %8s %9s %8s\n", "[B, H, S, d]", "type", "us", "GB/s", "of peak",
              "TOPS", "of peak");
  for (const Shape& shape : kShapes) {
    const std::string name = "[" + std::to_string(shape.batch) + "," + std::to_string(shape.heads) +
                             "," + std::to_string(shape.length) + "," +
                             std::to_string(shape.head_size) + "]";
    for (const ElementType type : {ElementType::f16, ElementType::s8}) {
      Contender contender(shape, type);
      std::vector<double> times(kRounds);
      for (double& time : times) time = contender.run();
      const double ns = median(times);
      const bool int8 = type == ElementType::s8;
      const double bandwidth = contender.bytes() / ns;
      const double rate = contender.operations() / ns;
      std::printf("%-20s %-4s %9.2f %8.0f %8.3f %9.1f %8.3f\n", name.c_str(), int8 ? "s8" : "f16",
                  ns / 1e3, bandwidth, bandwidth / peak.bytes, rate / 1e3,
                  rate / (peak.f16_operations * (int8 ? 2 : 1)));
    }
  }
}

void serve(Shape shape, ElementType type) {
  Contender contender(shape, type);
  std::cout << "ready" << std::endl;
  std::string command;
  int count = 0;
  while (std::cin >> command >> count) {
    for (int i = 0; i < count; ++i) std::cout << std::llround(contender.run()) << ' ';
    std::cout << std::endl;
  }
}

}  // namespace
}  // namespace herosweep::kernels

int main(int argc, char** argv) {
  using namespace herosweep::kernels;
  const CudaStatus status = cuda_status();
  if (!status.usable) {
    std::fprintf(stderr, "%s\n", status.reason.c_str());
    return 1;
  }
  if (argc == 1) {
    print_table();
    return 0;
  }
  if (argc != 7 || std::string(argv[1]) != "--serve") {
    std::fprintf(stderr, "usage: %s [--serve BATCH HEADS LENGTH HEAD_SIZE f16|s8]\n", argv[0]);
    return 2;
  }
  serve({std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]), std::atoi(argv[5])},
        std::string(argv[6]) == "s8" ? ElementType::s8 : ElementType::f16);
}
