// The SM90 tiles by index, for the dispatch, the tuner, benchmarks and tests.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/gemm/sm90_tiles.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"

namespace herosweep::kernels::cuda::sm90 {

/// Operand and output types of one family of tiles: (s8, s8), (s8, f16), (f16, f16), (f16, s8).
/// Where `norm` is set the epilogue goes on to add a residual and to normalise, and chooses formats
/// at run time: (s8, s8) and (f16, f16) alone.
struct Family {
  ElementType operand = ElementType::s8;
  ElementType output = ElementType::s8;
  bool norm = false;
};
inline bool operator==(Family a, Family b) {
  return a.operand == b.operand && a.output == b.output && a.norm == b.norm;
}
/// Of GEMMs alone.
const std::vector<Family>& families();
/// Of GEMMs with layer normalisation.
const std::vector<Family>& norm_families();
/// REQUIRES: supports(args).
Family family_of(const GemmArgs& args);
/// "s8-f16" for operands s8 and output f16; "s8-norm".
std::string name(Family family);

struct Tile {
  std::string name;  // "128x192x128 c2x1 pingpong": m x n x k of the tile, blocks of the cluster
  int m = 0, n = 0, k = 0;
  int cluster_m = 1, cluster_n = 1;
  Schedule schedule = Schedule::warp_specialized;
  int columns = 0;  // n of the only shapes that it computes; 0 for any
  // Of a family without `norm`. REQUIRES: supports(args), args of the tile's family.
  void (*run)(const GemmArgs&) = nullptr;
  // Of a family with `norm`. REQUIRES: fuses(gemm, norm), gemm.w.n is `columns` where that is set.
  void (*run_norm)(const GemmArgs& gemm, const LayerNormArgs& norm) = nullptr;

  bool computes(int n) const { return columns == 0 || columns == n; }
};

/// Every tile computes every shape that `supports` accepts and whose width it has. A family with
/// `norm` ends with "separate": the GEMM and the normalisation in two kernels.
const std::vector<Tile>& tiles(Family family);

/// Index into tiles(family_of(args)) of the tile that sm90::gemm runs.
int choose(const GemmArgs& args);

/// Whether a tile may run both: formats and alignments are those of the fused epilogue. norm.x is
/// gemm's output.
bool fuses(const GemmArgs& gemm, const LayerNormArgs& norm);
/// The fastest of tiles({operand, operand, norm}) by the table. REQUIRES: fuses(gemm, norm).
void gemm_layer_norm(const GemmArgs& gemm, const LayerNormArgs& norm);

}  // namespace herosweep::kernels::cuda::sm90
