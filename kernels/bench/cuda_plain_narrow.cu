#include "kernels/bench/cuda_plain_tiles.cuh"

namespace herosweep::kernels::bench {

std::vector<cuda::sm90::Contender> plain_narrow_tiles(const GemmArgs& args) {
  return {plain_tile<64, 64, 128, 1, 1, WarpSpecialized>("64x64 w", args),
          plain_tile<64, 64, 256, 1, 4, WarpSpecialized>("64x64x256 c1x4 w", args),
          plain_tile<64, 96, 128, 1, 1, WarpSpecialized>("64x96 w", args),
          plain_tile<64, 128, 128, 1, 1, WarpSpecialized>("64x128 w", args),
          plain_tile<64, 192, 128, 1, 1, WarpSpecialized>("64x192 w", args),
          plain_tile<64, 192, 128, 1, 1, Pingpong>("64x192 p", args)};
}

}  // namespace herosweep::kernels::bench
