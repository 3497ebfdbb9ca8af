// Instantiates the tiles of f16 x f16 whose epilogue normalises.
#include "kernels/cuda/gemm/sm90_norm_kernel.cuh"

namespace herosweep::kernels::cuda::sm90 {

#define INSTANTIATE(m, n, k, cluster_n, residents)                                       \
  template void run_norm_tile<ElementType::f16, m, n, k, cluster_n, residents>(const GemmArgs&, \
                                                                              const LayerNormArgs&);
HEROSWEEP_SM90_F16_NORM(INSTANTIATE)
#undef INSTANTIATE

}  // namespace herosweep::kernels::cuda::sm90
