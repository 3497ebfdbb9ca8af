#include "experiments/stats/paired.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

namespace herosweep::stats {
namespace {

/// P(Binomial(n, 1/2) <= k).
double lower_tail(int64_t k, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i <= k; ++i) {
    const double log_ways = std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0);
    sum += std::exp(log_ways - static_cast<double>(n) * std::numbers::ln2);
  }
  return sum;
}

/// Correlation of two plans' hits; 0 where one of them never varies. Above 0 it is corrected for
/// continuity, as Newcombe does.
double hit_correlation(double both, double only_first, double only_second, double neither) {
  const double margins =
      (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither);
  if (margins == 0) return 0;
  const double determinant = both * neither - only_first * only_second;
  const double n = both + only_first + only_second + neither;
  const double corrected = determinant > 0 ? std::max(determinant - n / 2, 0.0) : determinant;
  return corrected / std::sqrt(margins);
}

/// Length of (a, b) in a plane whose axes have correlation `phi`.
double correlated_length(double a, double b, double phi) {
  return std::sqrt(std::max(a * a - 2 * phi * a * b + b * b, 0.0));
}

double standard_deviation(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / (n - 1));
}

/// Fewest examples that make the exact test significant when all of them go one way.
int64_t fewest_discordant(double alpha) {
  return static_cast<int64_t>(std::ceil(1 - std::log2(alpha)));
}

}  // namespace

double sign_test(int64_t positive, int64_t negative) {
  const int64_t rarer = std::min(positive, negative);
  return std::min(1.0, 2 * lower_tail(rarer, positive + negative));
}

Interval paired_proportion_interval(int64_t both, int64_t only_first, int64_t only_second,
                                    int64_t neither, double confidence) {
  const int64_t total = both + only_first + only_second + neither;
  const double n = static_cast<double>(total);
  const double first = static_cast<double>(both + only_first) / n;
  const double second = static_cast<double>(both + only_second) / n;
  const Interval a = wilson(both + only_first, total, confidence);
  const Interval b = wilson(both + only_second, total, confidence);
  const double phi =
      hit_correlation(static_cast<double>(both), static_cast<double>(only_first),
                      static_cast<double>(only_second), static_cast<double>(neither));
  const double difference = second - first;
  return {difference - correlated_length(second - b.low, a.high - first, phi),
          difference + correlated_length(b.high - second, first - a.low, phi)};
}

Difference bootstrap_difference(double first, double second,
                                std::span<const double> first_resamples,
                                std::span<const double> second_resamples, double confidence) {
  std::vector<double> differences;
  int64_t above = 0, below = 0;  // zero counts on both sides
  for (size_t i = 0; i < std::min(first_resamples.size(), second_resamples.size()); ++i) {
    const double difference = second_resamples[i] - first_resamples[i];
    if (std::isnan(difference)) continue;
    differences.push_back(difference);
    above += difference >= 0;
    below += difference <= 0;
  }
  Difference result{second - first, percentile_interval(differences, confidence), 1, 0};
  if (differences.size() < 2) return result;
  const double rarer = static_cast<double>(std::min(above, below));
  result.p = std::min(1.0, 2 * (rarer + 1) / (static_cast<double>(differences.size()) + 1));
  result.standard_error = standard_deviation(differences);
  return result;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const double left = static_cast<double>(p.size() - rank);
    largest = std::max(largest, std::min(1.0, left * p[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

double detectable_proportion_difference(int64_t n, int64_t discordant, double alpha, double power) {
  const int64_t needed = fewest_discordant(alpha);
  if (n < needed) return 1;
  const double count = static_cast<double>(n);
  const double share = static_cast<double>(std::max(discordant, needed)) / count;
  const double z_level = normal_quantile(1 - alpha / 2);
  const double z_power = normal_quantile(power);
  // n d^2 = (z_level sqrt(s) + z_power sqrt(s - d^2))^2 has one root d in [0, s].
  double low = 0, high = share;
  for (int step = 0; step < 60; ++step) {
    const double d = 0.5 * (low + high);
    const double reach =
        z_level * std::sqrt(share) + z_power * std::sqrt(std::max(share - d * d, 0.0));
    (std::sqrt(count) * d < reach ? low : high) = d;
  }
  return std::max(0.5 * (low + high), static_cast<double>(needed) / count);
}

double detectable_difference(double standard_error, double alpha, double power) {
  return (normal_quantile(1 - alpha / 2) + normal_quantile(power)) * standard_error;
}

}  // namespace herosweep::stats
