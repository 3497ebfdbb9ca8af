// Chooses the kernel family of one GEMM, with layer normalisation behind it or not.
#include "kernels/cuda/device.h"
#include "kernels/cuda/gemm/sm90.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda {

void gemm(const GemmArgs& args) {
  if (args.m == 0) return;
  if (device().use_sm90 && sm90::supports(args))
    sm90::gemm(args);
  else
    portable::gemm(args);
}

void gemm_layer_norm(const GemmArgs& gemm_args, const LayerNormArgs& norm) {
  if (gemm_args.m == 0) return;
  if (device().use_sm90 && sm90::fuses(gemm_args, norm)) {
    sm90::gemm_layer_norm(gemm_args, norm);
  } else {
    gemm(gemm_args);
    layer_norm(norm);
  }
}

}  // namespace herosweep::kernels::cuda
