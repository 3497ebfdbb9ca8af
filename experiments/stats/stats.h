// Statistics of outcomes and latency samples. Each function names its test and its source.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace herosweep::stats {

struct Interval {
  double low = 0.0;
  double high = 0.0;
};

/// Wilson score interval of a proportion (Wilson 1927), 95 % by default. [0, 1] for n = 0.
Interval wilson(int64_t successes, int64_t n, double confidence = 0.95);

/// Percentile bootstrap over examples (Efron 1979): `statistic` gets resampled indices [n]. Seeded,
/// the same on every machine. NaN statistics are left out; {NaN, NaN} when nothing else is there.
Interval bootstrap(int n, int resamples, uint64_t seed,
                   const std::function<double(std::span<const int>)>& statistic,
                   double confidence = 0.95);
/// The same draws, given to `statistic` as how often each example was drawn [n]: rank statistics
/// then need no sorting in a resample.
Interval bootstrap_counts(int n, int resamples, uint64_t seed,
                          const std::function<double(std::span<const int>)>& statistic,
                          double confidence = 0.95);
/// The statistics themselves, [resamples], by counts. Equal n and seed mean equal draws: two of
/// these are paired, resample by resample.
std::vector<double> bootstrap_statistics(
    int n, int resamples, uint64_t seed,
    const std::function<double(std::span<const int>)>& statistic);
/// The middle `confidence` of resampled statistics. NaN is left out; {NaN, NaN} without others.
Interval percentile_interval(std::vector<double> statistics, double confidence = 0.95);

/// Inverse of the standard normal distribution function. REQUIRES: 0.5 <= p < 1.
double normal_quantile(double p);

/// NaN without values, as are the quantiles.
double median(std::vector<double> values);
/// Quantile by linear interpolation (Hyndman and Fan 1996, type 7).
double quantile(std::vector<double> values, double q);
double quantile_of_sorted(std::span<const double> sorted, double q);
/// Distribution-free interval of the median: the innermost pair of order statistics whose binomial
/// coverage reaches `confidence`; below 6 values (at 95 %) none does, and it is the whole range.
Interval median_interval(std::vector<double> values, double confidence = 0.95);
/// The p-quantile, or nothing where n is too small for a 95 % upper bound to exist (p90: 29, p95:
/// 59, p99: 299).
std::optional<double> percentile_if_supported(const std::vector<double>& values, double p);

struct Ratio {
  double ratio = 0.0;  // median of baseline[i] / plan[i]
  Interval interval;
};
/// Paired ratio over rounds; both have one sample a round, in round order.
Ratio paired_ratio(const std::vector<double>& baseline, const std::vector<double>& plan,
                   double confidence = 0.95);

/// Mean |a - b| / std(a), a being the FP twin's decision variable (population std). 0 when both are
/// equal, infinite when the twin is constant and the plan is not.
double drift(std::span<const float> twin, std::span<const float> plan);
/// Drift of the data set in which example i stands counts[i] times.
double drift_by_counts(std::span<const float> twin, std::span<const float> plan,
                       std::span<const int> counts);
/// Mean over rows of the cosine of a[r] and b[r], both [rows, cols]. Two zero rows have cosine 1,
/// a zero and another row 0.
double mean_cosine(const float* a, const float* b, int rows, int cols);

}  // namespace herosweep::stats
