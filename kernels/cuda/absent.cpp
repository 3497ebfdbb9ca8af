// Stands in for the CUDA backend in builds without a CUDA toolkit.
#include "kernels/cuda/cuda.h"

namespace herosweep::kernels {

CudaStatus cuda_status() {
  CudaStatus status;
  status.reason =
      "this program was built without CUDA; install the CUDA toolkit 13 (nvcc), then run "
      "make build again";
  return status;
}

const Backend& cuda_backend() { throw CudaError(cuda_status().reason, /*no_memory=*/false); }
std::string measure_tile_table(const std::function<void(int, int)>&) {
  throw CudaError(cuda_status().reason, /*no_memory=*/false);
}
int64_t cuda_allocated_bytes() { return 0; }
int64_t cuda_peak_bytes() { return 0; }
void reset_cuda_peak() {}

}  // namespace herosweep::kernels
