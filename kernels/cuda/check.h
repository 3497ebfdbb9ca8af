// Turns failed CUDA calls into CudaError. Host code only.
#pragma once

#include <cuda_runtime.h>

namespace herosweep::kernels::cuda {

/// Throws CudaError, naming `expression`, unless `code` is cudaSuccess.
void check(cudaError_t code, const char* expression, const char* file, int line);

}  // namespace herosweep::kernels::cuda

#define HEROSWEEP_CUDA_CHECK(expression) \
  ::herosweep::kernels::cuda::check((expression), #expression, __FILE__, __LINE__)
