#include <cmath>
#include <limits>
#include <numeric>

#include "experiments/stats/random.h"
#include "experiments/stats/stats.h"
#include "tests/catch.h"

using namespace herosweep::stats;

namespace {

double mean_of(const std::vector<double>& values, std::span<const int> drawn) {
  double sum = 0.0;
  for (int index : drawn) sum += values[static_cast<size_t>(index)];
  return sum / static_cast<double>(drawn.size());
}

std::vector<double> alternating(int n) {
  std::vector<double> values(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) values[static_cast<size_t>(i)] = i % 2;
  return values;
}

}  // namespace

// Computed from the published definitions of SplitMix64 and xoshiro256** in Python.
TEST_CASE("Random draws the published sequence") {
  Random random(0);
  CHECK(random.next() == 0x99ec5f36cb75f2b4u);
  CHECK(random.next() == 0xbf6e1f784956452au);
  CHECK(random.next() == 0x1a5f849d4933e6e0u);
}

TEST_CASE("Bounded draws stay below the bound and reach every value evenly") {
  Random random(7);
  std::vector<int> counts(5, 0);
  for (int draw = 0; draw < 50000; ++draw) ++counts[random.below(5)];
  // Five deviations of a binomial count: sqrt(50000 * 0.2 * 0.8) = 89.
  for (int count : counts) CHECK(std::abs(count - 10000) < 5 * 89);
  CHECK(random.below(1) == 0);
}

TEST_CASE("Bootstrap of a mean has the width that theory gives") {
  const std::vector<double> values = alternating(400);
  const auto statistic = [&](std::span<const int> drawn) { return mean_of(values, drawn); };
  const Interval interval = bootstrap(400, 4000, 3, statistic);
  const double half = 1.96 * 0.5 / std::sqrt(400.0);
  CHECK(interval.low == Approx(0.5 - half).margin(0.006));
  CHECK(interval.high == Approx(0.5 + half).margin(0.006));
}

TEST_CASE("Bootstrap repeats for a seed and differs between seeds") {
  const std::vector<double> values = alternating(101);
  const auto statistic = [&](std::span<const int> drawn) { return mean_of(values, drawn); };
  const Interval first = bootstrap(101, 50, 1, statistic);
  CHECK(bootstrap(101, 50, 1, statistic).low == first.low);
  CHECK(bootstrap(101, 50, 1, statistic).high == first.high);
  const Interval other = bootstrap(101, 50, 2, statistic);
  CHECK((other.low != first.low || other.high != first.high));
}

TEST_CASE("Bootstrap by counts sees the same resamples") {
  const std::vector<double> values = alternating(33);
  const auto by_counts = [&](std::span<const int> counts) {
    CHECK(std::accumulate(counts.begin(), counts.end(), 0) == 33);
    double sum = 0.0;
    for (size_t i = 0; i < counts.size(); ++i) sum += counts[i] * values[i];
    return sum / 33.0;
  };
  const auto by_index = [&](std::span<const int> drawn) { return mean_of(values, drawn); };
  const Interval counted = bootstrap_counts(33, 200, 5, by_counts);
  const Interval indexed = bootstrap(33, 200, 5, by_index);
  CHECK(counted.low == indexed.low);
  CHECK(counted.high == indexed.high);
}

TEST_CASE("Undefined statistics are left out of the interval") {
  int calls = 0;
  const auto sometimes = [&](std::span<const int>) {
    return ++calls % 2 == 0 ? 1.0 : std::numeric_limits<double>::quiet_NaN();
  };
  CHECK(bootstrap(3, 20, 0, sometimes).low == 1.0);
  const auto never = [](std::span<const int>) { return std::numeric_limits<double>::quiet_NaN(); };
  CHECK(std::isnan(bootstrap(3, 20, 0, never).low));
}
