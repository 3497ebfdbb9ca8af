// The SM90 tiles by index, for the dispatch, the tuner, benchmarks and tests.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/gemm/sm90_tiles.h"
#include "kernels/gemm.h"

namespace herosweep::kernels::cuda::sm90 {

/// Operand and output types of one family of tiles: (s8, s8), (s8, f16), (f16, f16), (f16, s8).
struct Family {
  ElementType operand = ElementType::s8;
  ElementType output = ElementType::s8;
};
inline bool operator==(Family a, Family b) {
  return a.operand == b.operand && a.output == b.output;
}
const std::vector<Family>& families();
/// REQUIRES: supports(args).
Family family_of(const GemmArgs& args);
/// "s8-f16" for operands s8 and output f16.
std::string name(Family family);

struct Tile {
  std::string name;  // "128x192x128 c2x1 pingpong": m x n x k of the tile, blocks of the cluster
  int m = 0, n = 0, k = 0;
  int cluster_m = 1, cluster_n = 1;
  Schedule schedule = Schedule::warp_specialized;
  void (*run)(const GemmArgs&) = nullptr;  // REQUIRES: supports(args), args of the tile's family
};

/// Every tile computes every shape that `supports` accepts.
const std::vector<Tile>& tiles(Family family);

/// Index into tiles(family_of(args)) of the tile that sm90::gemm runs.
int choose(const GemmArgs& args);

}  // namespace herosweep::kernels::cuda::sm90
