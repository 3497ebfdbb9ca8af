#include <cmath>
#include <numeric>

#include "experiments/stats/stats.h"
#include "tests/catch.h"

using namespace herosweep::stats;

namespace {

std::vector<double> one_to(int n) {
  std::vector<double> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

}  // namespace

// Expected values: statsmodels.stats.proportion.proportion_confint(method="wilson").
TEST_CASE("Wilson interval equals statsmodels") {
  CHECK(wilson(580, 643).low == Approx(0.876600315818903).epsilon(1e-12));
  CHECK(wilson(580, 643).high == Approx(0.9226681802706677).epsilon(1e-12));
  CHECK(wilson(580, 643, 0.99).low == Approx(0.8675926845169751).epsilon(1e-12));
  CHECK(wilson(580, 643, 0.99).high == Approx(0.9282389475351435).epsilon(1e-12));
  CHECK(wilson(1, 3).low == Approx(0.06149194472039626).epsilon(1e-12));
}

TEST_CASE("Wilson interval ends at 0 and 1 where no or every example succeeds") {
  CHECK(wilson(0, 10).low == 0.0);
  CHECK(wilson(0, 10).high == Approx(0.27753279986288926).epsilon(1e-12));
  CHECK(wilson(10, 10).low == Approx(0.7224672001371106).epsilon(1e-12));
  CHECK(wilson(10, 10).high == 1.0);
  CHECK(wilson(0, 0).low == 0.0);
  CHECK(wilson(0, 0).high == 1.0);
}

// Expected values: numpy.quantile, whose default is type 7.
TEST_CASE("Quantile interpolates as numpy does") {
  const std::vector<double> values{3.1, -2, 7.25, .5, 11, 4, 4};
  CHECK(quantile(values, 0.0) == -2.0);
  CHECK(quantile(values, 0.1) == Approx(-0.5));
  CHECK(quantile(values, 0.5) == 4.0);
  CHECK(quantile(values, 0.9) == Approx(8.75));
  CHECK(quantile(values, 1.0) == 11.0);
  CHECK(median({3.1, -2, 7.25, .5, 11, 4}) == Approx(3.55));
  CHECK(std::isnan(median({})));
}

// Expected ranks: scipy.stats.binom.ppf(0.025, n, 0.5), the lower one counted from 1.
TEST_CASE("Interval of the median takes the binomial order statistics") {
  const auto [n, rank] =
      GENERATE(table<int, int>({{6, 1}, {10, 2}, {25, 8}, {30, 10}, {100, 40}, {1001, 470}}));
  const Interval interval = median_interval(one_to(n));
  CHECK(interval.low == rank);
  CHECK(interval.high == n + 1 - rank);
}

TEST_CASE("Interval of the median of too few values is their range") {
  CHECK(median_interval({5.0, 1.0, 3.0}).low == 1.0);
  CHECK(median_interval({5.0, 1.0, 3.0}).high == 5.0);
  CHECK(std::isnan(median_interval({}).low));
}

TEST_CASE("A percentile is given only where n supports it") {
  CHECK_FALSE(percentile_if_supported(one_to(28), 0.90));
  CHECK(percentile_if_supported(one_to(29), 0.90) == quantile(one_to(29), 0.90));
  CHECK_FALSE(percentile_if_supported(one_to(58), 0.95));
  CHECK(percentile_if_supported(one_to(59), 0.95));
  CHECK_FALSE(percentile_if_supported(one_to(298), 0.99));
  CHECK(percentile_if_supported(one_to(299), 0.99));
  CHECK_FALSE(percentile_if_supported({}, 0.90));
}

TEST_CASE("Paired ratio is the median of the rounds' ratios") {
  // A clock that halves in the middle changes both samples of a round, and no ratio.
  const std::vector<double> baseline{20, 20, 20, 40, 40, 40, 40};
  const std::vector<double> plan{10, 10, 10, 20, 20, 20, 20};
  const Ratio steady = paired_ratio(baseline, plan);
  CHECK(steady.ratio == 2.0);
  CHECK(steady.interval.low == 2.0);
  CHECK(steady.interval.high == 2.0);

  const Ratio spread = paired_ratio({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, std::vector<double>(10, 1.0));
  CHECK(spread.ratio == 5.5);
  CHECK(spread.interval.low == 2.0);
  CHECK(spread.interval.high == 9.0);
}
