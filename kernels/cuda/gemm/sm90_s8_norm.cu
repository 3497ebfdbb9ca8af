// Instantiates the tiles of s8 x s8 whose epilogue normalises.
#include "kernels/cuda/gemm/sm90_norm_kernel.cuh"

namespace herosweep::kernels::cuda::sm90 {

#define INSTANTIATE(m, n, k, cluster_n, residents)                                       \
  template void run_norm_tile<ElementType::s8, m, n, k, cluster_n, residents>(const GemmArgs&, \
                                                                              const LayerNormArgs&);
HEROSWEEP_SM90_S8_NORM(INSTANTIATE)
#undef INSTANTIATE

}  // namespace herosweep::kernels::cuda::sm90
