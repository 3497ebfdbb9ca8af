// The device of this process: its stream, its properties, and how kernels are launched on it.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <utility>

#include "kernels/cuda/check.h"

namespace herosweep::kernels::cuda {

struct Device {
  cudaStream_t stream = nullptr;  // every operator runs on it, in order
  int multiprocessors = 0;
  int compute = 0;               // 90 = compute capability 9.0
  bool use_sm90 = false;         // kernels built for sm_90a may run
  size_t shared_bytes = 0;       // of one block, with opt-in
  const float* ones = nullptr;   // [kConstants], in device memory
  const float* zeros = nullptr;  // the same
};

/// Most columns of an operator that takes ones or zeros for a vector that is absent.
inline constexpr int kConstants = 1 << 17;

/// Created at the first call. Throws CudaError.
const Device& device();

/// Launches `kernel` with programmatic dependent launch: it may start while its predecessor in the
/// stream still runs, so it MUST call `wait_for_predecessors` (dependency.cuh) in every block
/// before it reads what an operator wrote or writes what one reads.
template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
            Arguments&&... arguments) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = device().stream;
  config.attrs = &attribute;
  config.numAttrs = device().compute >= 90 ? 1 : 0;
  HEROSWEEP_CUDA_CHECK(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...));
}

/// Lets `kKernel` use up to kBytes of dynamic shared memory, where that is more than 48 KiB. Only
/// the first call does something: one kBytes for each kernel.
template <auto kKernel, int kBytes>
void allow_shared_memory() {
  static const bool allowed = [] {
    HEROSWEEP_CUDA_CHECK(
        cudaFuncSetAttribute(kKernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes));
    return true;
  }();
  static_cast<void>(allowed);
}

}  // namespace herosweep::kernels::cuda
