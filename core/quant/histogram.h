// Histograms of |x| over [0, range] and what observers read from them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace herosweep::quant {

inline constexpr int kTensorBins = 2048;
inline constexpr int kFeatureBins = 512;

/// `columns` histograms of `bins` equal bins each over [0, range[c]]; values above a range count in
/// its last bin.
class Histograms {
 public:
  Histograms(int bins, std::vector<float> range);

  /// values [rows, cols]: with cols histograms column c goes to histogram c, with one histogram
  /// everything to that.
  void add(const float* values, int rows, int cols);
  /// The value below which `percent` (0 to 100] of histogram c lies, linear inside a bin.
  float percentile(int c, double percent) const;
  /// ratio * range[c] that quantizes histogram c to +-127 with the least mean squared error.
  float least_error_clip(int c) const;

 private:
  std::span<const uint64_t> counts(int c) const;
  void add_to_one(const float* row, int cols);
  int bin(float value, float bins_per_unit) const;

  int bins_;
  std::vector<float> range_;
  std::vector<float> bins_per_unit_;  // bins / range; 0 where the range is as good as zero
  std::vector<uint64_t> counts_;      // [columns, bins]
};

}  // namespace herosweep::quant
