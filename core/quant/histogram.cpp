#include "core/quant/histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace herosweep::quant {
namespace {

constexpr int kClipRatios = 100;
constexpr double kSmallestRatio = 0.5;
constexpr double kSteps = 127.0;
// Columns whose histograms are filled together: 64 * 512 * 8 bytes stay in a core's own cache.
constexpr int kTile = 64;
constexpr int kRowsAhead = 8;
constexpr int kFloatsALine = 16;
// Below this a range is all zeros for any purpose, and bins / range could overflow FP32.
constexpr float kSmallestRange = 1e-30f;

double clip_ratio(int i) {
  return 1.0 - (1.0 - kSmallestRatio) * i / (kClipRatios - 1);  // the widest first: it wins ties
}

/// Integral from 0 to t of the squared quantization error, in units of the quantization step: every
/// full step adds 1/12, and beyond the last one the error grows as the distance from it.
double error_integral(double t) {
  const double step = std::min(std::nearbyint(t), kSteps);
  const double rest = t - step;
  return step / 12.0 + rest * rest * rest / 3.0;
}

/// Mean squared error of a value drawn uniformly from each bin, relative to range^2, for each clip
/// ratio. It does not depend on the range, so that one table serves every tensor.
std::vector<double> error_table(int bins) {
  std::vector<double> table(static_cast<size_t>(kClipRatios) * bins);
  for (int r = 0; r < kClipRatios; ++r) {
    const double step = clip_ratio(r) / kSteps;  // of a range of 1
    const double bin = 1.0 / (bins * step);      // in steps
    for (int b = 0; b < bins; ++b) {
      table[static_cast<size_t>(r) * bins + b] =
          (error_integral((b + 1) * bin) - error_integral(b * bin)) / bin * step * step;
    }
  }
  return table;
}

const std::vector<double>& error_table_of(int bins) {
  static const std::vector<double> tensor = error_table(kTensorBins);
  static const std::vector<double> feature = error_table(kFeatureBins);
  return bins == kTensorBins ? tensor : feature;
}

}  // namespace

Histograms::Histograms(int bins, std::vector<float> range)
    : bins_(bins),
      range_(std::move(range)),
      bins_per_unit_(range_.size()),
      counts_(range_.size() * bins) {
  std::transform(range_.begin(), range_.end(), bins_per_unit_.begin(), [bins](float r) {
    return r < kSmallestRange ? 0.0f : static_cast<float>(bins) / r;
  });
}

std::span<const uint64_t> Histograms::counts(int c) const {
  return std::span(counts_).subspan(static_cast<size_t>(c) * bins_, bins_);
}

void Histograms::add(const float* values, int rows, int cols) {
  if (range_.size() == 1) {
    for (int r = 0; r < rows; ++r) add_to_one(values + static_cast<size_t>(r) * cols, cols);
    return;
  }
  for (int first = 0; first < cols; first += kTile) {
    const int width = std::min(kTile, cols - first);
    for (int r = 0; r < rows; ++r) {
      const float* row = values + static_cast<size_t>(r) * cols + first;
      // Rows lie pages apart, where no hardware prefetcher follows: halves the time at 2,048 rows.
      if (r + kRowsAhead < rows) {
        const float* ahead = row + static_cast<size_t>(kRowsAhead) * cols;
        for (int j = 0; j < width; j += kFloatsALine) __builtin_prefetch(ahead + j);
      }
      std::array<int, kTile> place;
      for (int j = 0; j < width; ++j) place[j] = bin(row[j], bins_per_unit_[first + j]);
      uint64_t* tile = counts_.data() + static_cast<size_t>(first) * bins_;
      for (int j = 0; j < width; ++j) ++tile[static_cast<size_t>(j) * bins_ + place[j]];
    }
  }
}

void Histograms::add_to_one(const float* row, int cols) {
  for (int first = 0; first < cols; first += kTile) {
    const int width = std::min(kTile, cols - first);
    std::array<int, kTile> place;
    for (int j = 0; j < width; ++j) place[j] = bin(row[first + j], bins_per_unit_[0]);
    for (int j = 0; j < width; ++j) ++counts_[place[j]];
  }
}

int Histograms::bin(float value, float bins_per_unit) const {
  // The minimum is taken in FP32: a second pass above the range must not overflow an int.
  return static_cast<int>(
      std::min(std::fabs(value) * bins_per_unit, static_cast<float>(bins_ - 1)));
}

float Histograms::percentile(int c, double percent) const {
  const std::span<const uint64_t> count = counts(c);
  const uint64_t total = std::accumulate(count.begin(), count.end(), uint64_t{0});
  if (bins_per_unit_[c] == 0.0f || total == 0) return range_[c];
  const double target = percent / 100.0 * static_cast<double>(total);
  double below = 0;
  for (int b = 0; b < bins_; ++b) {
    const auto here = static_cast<double>(count[b]);
    if (here > 0 && below + here >= target) {
      const double place = b + (target - below) / here;
      return static_cast<float>(place / bins_ * range_[c]);
    }
    below += here;
  }
  return range_[c];
}

float Histograms::least_error_clip(int c) const {
  const std::vector<double>& table = error_table_of(bins_);
  // As doubles once, for the products below run 100 times over them.
  const std::vector<double> count(counts(c).begin(), counts(c).end());
  int best = 0;
  double least = INFINITY;
  for (int r = 0; r < kClipRatios; ++r) {
    const double* error = table.data() + static_cast<size_t>(r) * bins_;
    const double sum = std::inner_product(count.begin(), count.end(), error, 0.0);
    if (sum < least) {
      least = sum;
      best = r;
    }
  }
  return static_cast<float>(clip_ratio(best) * range_[c]);
}

}  // namespace herosweep::quant
