// Chooses the kernel family of one GEMM.
#include "kernels/cuda/device.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda {

void gemm(const GemmArgs& args) {
  if (args.m == 0) return;
  if (device().use_sm90 && sm90::supports(args))
    sm90::gemm(args);
  else
    portable::gemm(args);
}

}  // namespace herosweep::kernels::cuda
