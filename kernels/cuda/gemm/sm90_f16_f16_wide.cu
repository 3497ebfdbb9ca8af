// Instantiates the wide tiles of f16 x f16 -> f16.
#define CUTE_SM90_EXTENDED_MMA_SHAPES_ENABLED  // products 160 columns wide
#include "kernels/cuda/gemm/sm90_kernel.cuh"

namespace herosweep::kernels::cuda::sm90 {

#define INSTANTIATE(m, n, k, cluster_m, cluster_n, schedule)                                \
  template void run_tile<ElementType::f16, ElementType::f16, m, n, k, cluster_m, cluster_n, \
                         Schedule::schedule>(const GemmArgs&);
HEROSWEEP_SM90_F16_F16_WIDE(INSTANTIATE)
#undef INSTANTIATE

}  // namespace herosweep::kernels::cuda::sm90
