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

/// A thread's, or a row's, values: their sum and that of their squares.
struct Moments {
  float sum, squares;

  __device__ __forceinline__ Moments operator+(Moments other) const {
    return {sum + other.sum, squares + other.squares};
  }
};

__device__ __forceinline__ Moments warp_sum(Moments own) {
  return {warp_sum(own.sum), warp_sum(own.squares)};
}

/// Sum of `own` over the row's threads. Absent warps count as zero. kCall: another number for each
/// call in a kernel.
template <class L, int kCall>
__device__ __forceinline__ Moments row_sum(Moments own) {
  own = warp_sum(own);
  if constexpr (L::kRowPerWarp) return own;
  __shared__ Moments partial[L::kMaxWarps];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warps = static_cast<int>(blockDim.x) / 32;
  if (lane == 0) partial[threadIdx.x / 32] = own;
  __syncthreads();
  if constexpr (L::kMaxWarps <= 8) {
    // Every thread reads all: shorter than another tree of shuffles.
    Moments all{};
#pragma unroll
    for (int warp = 0; warp < L::kMaxWarps; ++warp)
      if (warp < warps) all = all + partial[warp];
    return all;
  } else {
    return warp_sum(lane < warps ? partial[lane] : Moments{});
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
