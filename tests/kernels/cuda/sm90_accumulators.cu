// A tile that writes its INT32 accumulators as FP32, for the tests only.
#include "kernels/cuda/gemm/sm90_kernel.cuh"
#include "tests/kernels/cuda/sm90_accumulators.h"

namespace herosweep::kernels::cuda::sm90 {

template void run_tile<ElementType::s8, ElementType::f32, 128, 192, 128, 1, 1, Schedule::pingpong>(
    const GemmArgs&);

void run_accumulators(const GemmArgs& args) {
  run_tile<ElementType::s8, ElementType::f32, 128, 192, 128, 1, 1, Schedule::pingpong>(args);
}

}  // namespace herosweep::kernels::cuda::sm90
