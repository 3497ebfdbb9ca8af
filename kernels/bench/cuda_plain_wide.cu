#include "kernels/bench/cuda_plain_tiles.cuh"

namespace herosweep::kernels::bench {

std::vector<cuda::sm90::Contender> plain_wide_tiles(const GemmArgs& args) {
  return {plain_tile<128, 128, 128, 1, 1, Pingpong>("128x128 p", args),
          plain_tile<128, 128, 128, 2, 1, Pingpong>("128x128 c2x1 p", args),
          plain_tile<128, 192, 128, 1, 1, Pingpong>("128x192 p", args),
          plain_tile<128, 192, 128, 2, 1, Pingpong>("128x192 c2x1 p", args),
          plain_tile<128, 192, 128, 1, 1, Cooperative>("128x192 c", args),
          plain_tile<128, 256, 128, 2, 1, Cooperative>("128x256 c2x1 c", args)};
}

}  // namespace herosweep::kernels::bench
