// Device side of programmatic dependent launch (compute capability 9.0; nothing on older ones).
#pragma once

#include <cstdint>

namespace herosweep::kernels::cuda {

/// Returns when every kernel before this one in the stream has finished and its writes are visible.
/// Every block of every kernel calls it: a kernel that does not would break the chain for those
/// behind it.
__device__ __forceinline__ void wait_for_predecessors() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// Four bytes that no operator writes, so that they may be read in front of wait_for_predecessors:
/// volatile and without .nc, because nvcc moves any other load behind the wait.
template <class T>
__device__ __forceinline__ T load_early(const T* from) {
  static_assert(sizeof(T) == sizeof(uint32_t));
  uint32_t bits;
  asm volatile("ld.global.b32 %0, [%1];" : "=r"(bits) : "l"(from));
  return reinterpret_cast<const T&>(bits);
}

/// Lets the next kernel in the stream start its prologue as soon as every block has called this.
__device__ __forceinline__ void release_successors() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace herosweep::kernels::cuda
