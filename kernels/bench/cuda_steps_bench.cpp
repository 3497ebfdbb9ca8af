// What a step of a layer costs before it computes anything: a dependent kernel in a CUDA graph, or
// a barrier of the grid inside one persistent kernel. Medians over interleaved rounds.
#include <cstdio>
#include <exception>

#include "kernels/bench/cuda_steps.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/gemm/tune.h"

namespace herosweep::kernels::bench {
namespace {

constexpr int kSteps = 84;  // twelve layers of seven operators
constexpr int kMostBlocks = 128;

void* zeros(size_t bytes) {
  const std::string zero(bytes, '\0');
  void* data = cuda_backend().allocate(bytes);
  cuda_backend().upload(data, zero.data(), bytes);
  return data;
}

void compare() {
  const CudaStatus status = cuda_status();
  if (!status.usable) throw std::runtime_error(status.reason);
  const StepBuffers buffers{{static_cast<int*>(zeros(kMostBlocks * sizeof(int))),
                             static_cast<int*>(zeros(kMostBlocks * sizeof(int)))},
                            static_cast<unsigned*>(zeros(sizeof(unsigned)))};
  std::printf("# %s, microseconds a step, %d steps\nblocks  kernels  barriers\n",
              status.device.c_str(), kSteps);
  for (const int blocks : {24, 64, kMostBlocks}) {
    if (blocks > status.multiprocessors) continue;
    const std::vector<cuda::sm90::Contender> contenders{
        {"kernels", [&, blocks] { steps_in_kernels(buffers, blocks, kSteps); }},
        {"barriers", [&, blocks] { steps_in_one_kernel(buffers, blocks, kSteps); }}};
    const auto times = cuda::sm90::time_interleaved(contenders, {});
    std::printf("%6d  %7.2f  %8.2f\n", blocks, cuda::sm90::median(times[0]) / kSteps,
                cuda::sm90::median(times[1]) / kSteps);
  }
}

}  // namespace
}  // namespace herosweep::kernels::bench

int main() {
  try {
    herosweep::kernels::bench::compare();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
