// Sums and maxima over the threads that hold a row: every thread of them gets the result.
//
// A block's partial results pass through shared memory with one barrier, not two: a kernel calls
// each function at most once.
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

__device__ __forceinline__ float2 warp_sum(float2 value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    value.x += __shfl_xor_sync(kAllLanes, value.x, distance);
    value.y += __shfl_xor_sync(kAllLanes, value.y, distance);
  }
  return value;
}

__device__ __forceinline__ float add(float a, float b) { return a + b; }
__device__ __forceinline__ float2 add(float2 a, float2 b) {
  return make_float2(a.x + b.x, a.y + b.y);
}

/// Sum of `value` (float or float2) over the row's threads. Absent warps count as zero.
template <class L, class Value>
__device__ __forceinline__ Value row_sum(Value value) {
  value = warp_sum(value);
  if constexpr (L::kRowPerWarp) return value;
  __shared__ Value partial[L::kMaxWarps];
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int warps = static_cast<int>(blockDim.x) / 32;
  if (lane == 0) partial[threadIdx.x / 32] = value;
  __syncthreads();
  if constexpr (L::kMaxWarps <= 8) {
    // Every thread reads all: shorter than another tree of shuffles.
    Value sum{};
#pragma unroll
    for (int warp = 0; warp < L::kMaxWarps; ++warp)
      if (warp < warps) sum = add(sum, partial[warp]);
    return sum;
  } else {
    return warp_sum(lane < warps ? partial[lane] : Value{});
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
