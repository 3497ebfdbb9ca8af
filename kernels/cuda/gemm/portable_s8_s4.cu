#include "kernels/cuda/gemm/portable_kernel.cuh"

namespace herosweep::kernels::cuda::portable {

template void launch_pair<S8S4>(const Problem& problem, TileSize size);

}  // namespace herosweep::kernels::cuda::portable
