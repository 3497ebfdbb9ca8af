#include "kernels/bench/cuda_copy.h"
#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/device.h"

namespace herosweep::kernels::bench {
namespace {

constexpr unsigned kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    combine_kernel(const uint4* a, const uint4* b, uint4* out, size_t count) {
  const size_t i = static_cast<size_t>(blockIdx.x) * kThreads + threadIdx.x;
  cuda::wait_for_predecessors();
  if (i >= count) return;
  const uint4 left = a[i];
  const uint4 right = b[i];
  cuda::release_successors();
  out[i] = make_uint4(left.x ^ right.x, left.y ^ right.y, left.z ^ right.z, left.w ^ right.w);
}

}  // namespace

void combine_bytes(const int8_t* a, const int8_t* b, int8_t* out, size_t bytes) {
  const size_t count = bytes / sizeof(uint4);
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  cuda::launch(combine_kernel, dim3(blocks), dim3(kThreads), 0, reinterpret_cast<const uint4*>(a),
               reinterpret_cast<const uint4*>(b), reinterpret_cast<uint4*>(out), count);
}

}  // namespace herosweep::kernels::bench
