// Copies of boxes of a matrix (tensor_map.h) into shared memory by one thread. An mbarrier
// (barrier.cuh) turns when their bytes have landed.
#pragma once

#include <cuda.h>

#include <cstdint>

namespace herosweep::kernels::cuda {

/// Makes mbarriers that this thread has created visible to copies.
__device__ __forceinline__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}

/// Arrives and adds to the bytes that the barrier's turn waits for.
__device__ __forceinline__ void arrive_and_expect(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes)
               : "memory");
}

/// Starts the copy of the box whose first byte is `byte` of `row`.
__device__ __forceinline__ void copy_box(uint32_t to, const CUtensorMap& matrix, int byte, int row,
                                         uint32_t barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%2, %3}], [%4];" ::"r"(to),
      "l"(&matrix), "r"(byte), "r"(row), "r"(barrier)
      : "memory");
}

/// Brings the description of a matrix nearer.
__device__ __forceinline__ void prefetch_description(const CUtensorMap& matrix) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(&matrix) : "memory");
}

}  // namespace herosweep::kernels::cuda
