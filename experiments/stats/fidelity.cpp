#include <cmath>
#include <limits>

#include "experiments/stats/stats.h"

namespace herosweep::stats {
namespace {

double population_std(std::span<const float> values) {
  double sum = 0.0;
  for (float value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double squares = 0.0;
  for (float value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double cosine(const float* a, const float* b, int cols) {
  double dot = 0.0, a_squares = 0.0, b_squares = 0.0;
  for (int j = 0; j < cols; ++j) {
    dot += static_cast<double>(a[j]) * b[j];
    a_squares += static_cast<double>(a[j]) * a[j];
    b_squares += static_cast<double>(b[j]) * b[j];
  }
  if (a_squares == 0.0 || b_squares == 0.0) return a_squares == b_squares ? 1.0 : 0.0;
  return dot / std::sqrt(a_squares * b_squares);
}

}  // namespace

double drift(std::span<const float> twin, std::span<const float> plan) {
  double distance = 0.0;
  for (size_t i = 0; i < twin.size(); ++i)
    distance += std::abs(static_cast<double>(twin[i]) - plan[i]);
  if (distance == 0.0) return 0.0;
  return distance / static_cast<double>(twin.size()) / population_std(twin);
}

double drift_by_counts(std::span<const float> twin, std::span<const float> plan,
                       std::span<const int> counts) {
  double n = 0, sum = 0, distance = 0;
  for (size_t i = 0; i < twin.size(); ++i) {
    n += counts[i];
    sum += counts[i] * static_cast<double>(twin[i]);
    distance += counts[i] * std::abs(static_cast<double>(twin[i]) - plan[i]);
  }
  if (distance == 0.0) return 0.0;
  const double mean = sum / n;
  double squares = 0;
  for (size_t i = 0; i < twin.size(); ++i)
    squares += counts[i] * (twin[i] - mean) * (twin[i] - mean);
  return distance / n / std::sqrt(squares / n);
}

double mean_cosine(const float* a, const float* b, int rows, int cols) {
  if (rows == 0) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0.0;
  for (int row = 0; row < rows; ++row) {
    const size_t offset = static_cast<size_t>(row) * static_cast<size_t>(cols);
    sum += cosine(a + offset, b + offset, cols);
  }
  return sum / rows;
}

}  // namespace herosweep::stats
