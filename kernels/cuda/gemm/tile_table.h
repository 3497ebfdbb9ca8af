// Which tile a GEMM of a given shape runs, from times that were measured on a device.
//
// The table is text, one measurement a line: `family,m,n,k,tile,microseconds`, e.g.
//   s8-s8,1024,768,768,64x96x128 c1x1 persistent,3.49
// Times are what `tune` (tune.h) measures: what a GEMM adds behind a layer norm. Lines that begin
// with # are comments. A table for this build is embedded; the file that the
// environment variable HEROSWEEP_TILE_TABLE names takes its place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/cuda/gemm/sm90.h"

namespace herosweep::kernels::cuda::sm90 {

struct GemmSize {
  int m = 0, n = 0, k = 0;
};

struct TileTime {
  Family family;
  GemmSize size;
  int tile = 0;  // index into tiles(family)
  double microseconds = 0;
};

/// Relative time of `tile` by a model that needs no measurement: waves of blocks over the
/// multiprocessors, each as long as its k-steps and its epilogue. It only scales measured times to
/// neighbouring shapes, and ranks tiles where nothing was measured.
double modelled_time(const Tile& tile, Family family, const GemmSize& size, int multiprocessors);

class TileTable {
 public:
  /// Lines that name a tile or family this build does not have are skipped: a table outlives the
  /// tile list. Throws std::runtime_error, with `origin` and the line, where a line is malformed.
  static TileTable parse(std::string_view text, const std::string& origin);
  /// The table of this process, read at the first call. Throws std::runtime_error when the file
  /// that HEROSWEEP_TILE_TABLE names cannot be read.
  static const TileTable& loaded();

  explicit TileTable(std::vector<TileTime> times) : times_(std::move(times)) {}
  std::string text() const;
  /// `newer`, and what this table has of shapes that `newer` does not measure.
  TileTable updated(std::vector<TileTime> newer) const;
  const std::vector<TileTime>& times() const { return times_; }

  /// Index of the tile with the least estimate. A tile's estimate is its measured time at the
  /// nearest measured shapes (in the logarithms of m, n and k), scaled by the ratio of
  /// `modelled_time`: exact where the shape was measured, and without cliffs between.
  int best(Family family, const GemmSize& size, int multiprocessors) const;

 private:
  std::vector<TileTime> times_;
};

}  // namespace herosweep::kernels::cuda::sm90
