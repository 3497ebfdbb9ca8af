// Two plans on the same examples, or in the same rounds: tests, intervals, and how small a
// difference the data could have shown.
#pragma once

#include <span>
#include <vector>

#include "experiments/stats/stats.h"

namespace herosweep::stats {

/// Two-sided exact binomial p-value of `positive` successes among positive + negative at
/// probability 1/2: the sign test; 1 without any. McNemar's exact test when they count the examples
/// that only one of two plans gets right (McNemar 1947).
double sign_test(int64_t positive, int64_t negative);

/// Interval of p_second - p_first for paired proportions, by Wilson's limits of both and their
/// correlation (Newcombe 1998, method 10). The counts are examples that both get right, only the
/// first, only the second, neither. REQUIRES: some example.
Interval paired_proportion_interval(int64_t both, int64_t only_first, int64_t only_second,
                                    int64_t neither, double confidence = 0.95);

struct Difference {
  double difference = 0;  // second - first
  Interval interval;
  double p = 1;  // two-sided, against a difference of 0
  double standard_error = 0;
};

/// From paired resamples (bootstrap_statistics with equal draws): percentile interval, and
/// p = 2 (1 + the rarer sign's count) / (resamples + 1), at most 1 (Davison and Hinkley 1997).
/// Resamples in which either statistic is undefined are left out.
Difference bootstrap_difference(double first, double second,
                                std::span<const double> first_resamples,
                                std::span<const double> second_resamples, double confidence = 0.95);

/// Holm's step-down adjustment (1979) of `p`, in the same order: comparing the results with a
/// level bounds the chance of any false rejection by it.
std::vector<double> holm(std::span<const double> p);

/// Smallest difference of paired proportions that McNemar's test at level `alpha` shows with
/// probability `power` when `discordant` of `n` examples go either way (Connor 1987). Never below
/// what the exact test needs if all of them went one way; 1 when n is too small for any.
double detectable_proportion_difference(int64_t n, int64_t discordant, double alpha,
                                        double power = 0.8);
/// The same for an estimate with a normal error.
double detectable_difference(double standard_error, double alpha, double power = 0.8);

}  // namespace herosweep::stats
