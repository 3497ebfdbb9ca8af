#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "experiments/stats/stats.h"

namespace herosweep::stats {
namespace {

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// Largest k with P(Binomial(n, 1/2) <= k - 1) <= tail; 0 where n is too small.
int lower_median_rank(int n, double tail) {
  double cumulative = 0.0;
  int k = 0;
  while (k < n) {
    const double log_ways = std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
    cumulative += std::exp(log_ways - n * std::numbers::ln2);
    if (cumulative > tail) break;
    ++k;
  }
  return k;
}

}  // namespace

// By bisection: 60 halvings of [0, 40] are exact to the last bits and need no table of
// coefficients.
double normal_quantile(double p) {
  double low = 0.0;
  double high = 40.0;
  for (int step = 0; step < 60; ++step) {
    const double middle = 0.5 * (low + high);
    (normal_cdf(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

Interval wilson(int64_t successes, int64_t n, double confidence) {
  if (n == 0) return {0.0, 1.0};
  const double z = normal_quantile(0.5 + confidence / 2.0);
  const double count = static_cast<double>(n);
  const double p = static_cast<double>(successes) / count;
  const double denominator = 1.0 + z * z / count;
  const double center = (p + z * z / (2.0 * count)) / denominator;
  const double half =
      z * std::sqrt(p * (1.0 - p) / count + z * z / (4.0 * count * count)) / denominator;
  // At p = 0 and p = 1 the bound is exact; the subtraction above would leave rounding noise.
  return {successes == 0 ? 0.0 : center - half, successes == n ? 1.0 : center + half};
}

double quantile_of_sorted(std::span<const double> sorted, double q) {
  if (sorted.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double position = q * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(std::floor(position));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

double quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return quantile_of_sorted(values, q);
}

double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

Interval median_interval(std::vector<double> values, double confidence) {
  if (values.empty()) {
    const double undefined = std::numeric_limits<double>::quiet_NaN();
    return {undefined, undefined};
  }
  std::sort(values.begin(), values.end());
  const int n = static_cast<int>(values.size());
  const int rank = std::max(1, lower_median_rank(n, (1.0 - confidence) / 2.0));
  return {values[static_cast<size_t>(rank - 1)], values[static_cast<size_t>(n - rank)]};
}

std::optional<double> percentile_if_supported(const std::vector<double>& values, double p) {
  // The largest of n samples exceeds the p-quantile with probability 1 - p^n; below 95 % no order
  // statistic bounds the quantile from above.
  constexpr double kBoundConfidence = 0.95;
  if (1.0 - std::pow(p, static_cast<double>(values.size())) < kBoundConfidence) return std::nullopt;
  return quantile(values, p);
}

Ratio paired_ratio(const std::vector<double>& baseline, const std::vector<double>& plan,
                   double confidence) {
  std::vector<double> ratios;
  for (size_t round = 0; round < std::min(baseline.size(), plan.size()); ++round)
    ratios.push_back(baseline[round] / plan[round]);
  return {median(ratios), median_interval(ratios, confidence)};
}

}  // namespace herosweep::stats
