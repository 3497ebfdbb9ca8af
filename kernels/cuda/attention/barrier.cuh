// mbarriers: barriers in shared memory on which asynchronous copies arrive by themselves.
#pragma once

#include <cstdint>

namespace herosweep::kernels::cuda {

constexpr int kBarrierBytes = 8;

/// To be called by one thread, with a synchronization of the block behind the last one.
__device__ __forceinline__ void create_barrier(uint32_t barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}

/// Arrives once all copies that this thread has started (copy_16_async) have landed.
__device__ __forceinline__ void arrive_after_copies(uint32_t barrier) {
  asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(barrier) : "memory");
}

/// Waits until all have arrived for the `turn`-th time, counted from 0. Only that time or the next
/// may be under way.
__device__ __forceinline__ void wait_for_turn(uint32_t barrier, int turn) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "AGAIN:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@done bra DONE;\n"
      "bra AGAIN;\n"
      "DONE:\n"
      "}" ::"r"(barrier),
      "r"(turn & 1)
      : "memory");
}

}  // namespace herosweep::kernels::cuda
