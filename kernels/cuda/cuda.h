// The CUDA backend as the rest of the program sees it; the same in builds without CUDA.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

#include "kernels/backend.h"

namespace herosweep::kernels {

/// A CUDA call failed: the expression, file:line and CUDA's own words. The context of the process
/// is unusable afterwards, except where `out_of_memory`.
struct CudaError : std::runtime_error {
  CudaError(const std::string& message, bool no_memory)
      : std::runtime_error(message), out_of_memory(no_memory) {}
  bool out_of_memory;
};

/// What the machine offers, without creating a context.
struct CudaStatus {
  bool usable = false;
  std::string reason;  // why not, and what to do; empty when usable
  std::string device;  // "NVIDIA H200"
  int devices = 0;     // that are visible; what follows is of the first
  int compute_major = 0, compute_minor = 0;
  int driver = 0;   // CUDA version that the driver supports: 13000 = 13.0
  int runtime = 0;  // CUDA version that this program was built with; 0: built without CUDA
  int multiprocessors = 0;
  int64_t memory_bytes = 0;
  int64_t l2_bytes = 0;
};
CudaStatus cuda_status();

/// Kernels for compute capability 9.0 (TMA, WGMMA) where the device has it, else portable ones for
/// 8.0 and newer. The environment variable HEROSWEEP_CUDA_ARCH=portable forces the latter. One
/// stream, one device (the first that is visible) a process. Throws CudaError when cuda_status() is
/// not usable.
const Backend& cuda_backend();

/// Times every GEMM tile that this program holds on this device, for each operand pair and each
/// shape of BERT-base, BERT-large and MiniLM from 128 to 16,384 tokens, and returns the table as
/// text: what HEROSWEEP_TILE_TABLE reads. Throws CudaError where there is nothing to choose from.
std::string measure_tile_table(const std::function<void(int done, int total)>& progress);

/// Bytes that `allocate` of the CUDA backend holds now, and the most since the last reset.
int64_t cuda_allocated_bytes();
int64_t cuda_peak_bytes();
void reset_cuda_peak();

}  // namespace herosweep::kernels
