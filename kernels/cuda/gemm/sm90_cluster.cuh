// How the threads of a cluster's blocks exchange a value for each row of their tiles.
#pragma once

#include <cstdint>

#include "kernels/cuda/numeric.cuh"

namespace herosweep::kernels::cuda::sm90 {

/// Waits for all threads of the cluster that have not returned; what they wrote before is visible.
__device__ __forceinline__ void cluster_barrier() {
  asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

__device__ __forceinline__ uint32_t rank_in_cluster() {
  uint32_t rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}

/// The address of `local`, of this block's shared memory, in block `block` of the cluster.
__device__ __forceinline__ uint32_t in_block(const void* local, int block) {
  uint32_t address;
  asm("mapa.shared::cluster.u32 %0, %1, %2;"
      : "=r"(address)
      : "r"(static_cast<uint32_t>(__cvta_generic_to_shared(local))), "r"(block));
  return address;
}

__device__ __forceinline__ void store_remote(uint32_t address, float value) {
  asm volatile("st.shared::cluster.f32 [%0], %1;" ::"r"(address), "f"(value) : "memory");
}
__device__ __forceinline__ void store_remote(uint32_t address, float2 value) {
  asm volatile("st.shared::cluster.v2.f32 [%0], {%1, %2};" ::"r"(address), "f"(value.x),
               "f"(value.y)
               : "memory");
}

/// told[own rank][row] <- value in every block of the cluster. The four lanes of a quad, which hold
/// the same value, share the blocks.
template <int kBlocks, class Value, int kRows>
__device__ __forceinline__ void tell_cluster(Value (&told)[kBlocks][kRows], int row, Value value) {
  const Value* place = &told[rank_in_cluster()][row];
#pragma unroll
  for (int first = 0; first < kBlocks; first += 4) {
    const int block = first + static_cast<int>(threadIdx.x) % 4;
    if (block < kBlocks) store_remote(in_block(place, block), value);
  }
}

__device__ __forceinline__ float quad_sum(float value) {
  value += __shfl_xor_sync(~0u, value, 1);
  return value + __shfl_xor_sync(~0u, value, 2);
}

/// NaN where one is.
__device__ __forceinline__ float quad_largest(float value) {
  value = larger_or_nan(value, __shfl_xor_sync(~0u, value, 1));
  return larger_or_nan(value, __shfl_xor_sync(~0u, value, 2));
}

}  // namespace herosweep::kernels::cuda::sm90
