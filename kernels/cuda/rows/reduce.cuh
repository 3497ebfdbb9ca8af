// Sums and maxima over the threads that hold a row: every thread of them gets the result.
//
// A block's partial results pass through shared memory with one barrier, not two: a kernel calls
// each function, and each number of row_sum, at most once.
#pragma once

#include <cuda_runtime.h>

namespace herosweep::kernels::cuda::rows {

inline constexpr unsigned kAllLanes = 0xffffffffu;

__device__ __forceinline__ float warp_sum(float value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}

/// Sum of `value` over the row's threads. Absent warps count as zero. kCall: another number for
/// each call in a kernel.
template <class L, int kCall>
__device__ __forceinline__ float row_sum(float value) {
  value = warp_sum(value);
  if constexpr (L::kRowPerWarp) return value;
  __shared__ float partial[L::kMaxWarps];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warps = static_cast<int>(blockDim.x) / 32;
  if (lane == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  if constexpr (L::kMaxWarps <= 8) {
    // Every thread reads all: shorter than another tree of shuffles.
    float sum = 0.0f;
#pragma unroll
    for (int warp = 0; warp < L::kMaxWarps; ++warp)
      if (warp < warps) sum += partial[warp];
    return sum;
  } else {
    return warp_sum(lane < warps ? partial[lane] : 0.0f);
  }
}

/// Maximum of `value` over the row's threads.
template <class L>
__device__ __forceinline__ unsigned row_max(unsigned value) {
  value = __reduce_max_sync(kAllLanes, value);
  if constexpr (L::kRowPerWarp) return value;
  __shared__ unsigned partial[L::kMaxWarps];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warps = static_cast<int>(blockDim.x) / 32;
  if (lane == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  return __reduce_max_sync(kAllLanes, lane < warps ? partial[lane] : 0u);
}

}  // namespace herosweep::kernels::cuda::rows
