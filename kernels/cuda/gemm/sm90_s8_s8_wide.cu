// Instantiates the wide tiles of s8 x s8 -> s8.
#define CUTE_SM90_EXTENDED_MMA_SHAPES_ENABLED  // products 160 columns wide
#include "kernels/cuda/gemm/sm90_kernel.cuh"

namespace herosweep::kernels::cuda::sm90 {

#define INSTANTIATE(m, n, k, cluster_m, cluster_n, schedule)                              \
  template void run_tile<ElementType::s8, ElementType::s8, m, n, k, cluster_m, cluster_n, \
                         Schedule::schedule>(const GemmArgs&);
HEROSWEEP_SM90_S8_S8_WIDE(INSTANTIATE)
#undef INSTANTIATE

}  // namespace herosweep::kernels::cuda::sm90
