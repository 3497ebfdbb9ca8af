// Device side of programmatic dependent launch (compute capability 9.0; nothing on older ones).
#pragma once

namespace herosweep::kernels::cuda {

/// Returns when every kernel before this one in the stream has finished and its writes are visible.
/// Every block of every kernel calls it: a kernel that does not would break the chain for those
/// behind it.
__device__ __forceinline__ void wait_for_predecessors() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// Lets the next kernel in the stream start its prologue as soon as every block has called this.
__device__ __forceinline__ void release_successors() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace herosweep::kernels::cuda
