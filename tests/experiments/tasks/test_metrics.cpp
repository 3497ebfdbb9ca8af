#include <chrono>
#include <cmath>
#include <limits>

#include "core/util/error.h"
#include "experiments/stats/random.h"
#include "experiments/tasks/metrics.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::tasks;

namespace {

/// Values on a coarse grid, so that there are many ties.
std::vector<float> rough_values(int n, uint64_t seed, uint32_t levels) {
  stats::Random random(seed);
  std::vector<float> values;
  for (int i = 0; i < n; ++i) values.push_back(static_cast<float>(random.below(levels)) / 7.0f);
  return values;
}

std::vector<float> taken(const std::vector<float>& values, std::span<const int> indices) {
  std::vector<float> drawn;
  for (int index : indices) drawn.push_back(values[static_cast<size_t>(index)]);
  return drawn;
}

}  // namespace

// Expected values: scikit-learn's accuracy_score, f1_score, matthews_corrcoef.
TEST_CASE("Classification metrics equal scikit-learn's") {
  const std::vector<float> prediction{1, 0, 1, 1, 0, 1, 0, 0, 1, 1};
  const std::vector<float> label{1, 0, 0, 1, 1, 1, 0, 1, 1, 0};
  CHECK(score(Metric::accuracy, prediction, label) == Approx(0.6));
  CHECK(score(Metric::f1, prediction, label) == Approx(0.6666666666666666));
  CHECK(score(Metric::matthews, prediction, label) == Approx(0.16666666666666666));
}

TEST_CASE("Metrics of three classes equal scikit-learn's") {
  const std::vector<float> prediction{0, 1, 2, 2, 1, 0, 2, 1, 1, 0};
  const std::vector<float> label{0, 1, 2, 1, 1, 0, 0, 2, 1, 0};
  CHECK(score(Metric::accuracy, prediction, label) == Approx(0.7));
  CHECK(score(Metric::matthews, prediction, label) == Approx(0.5539117094069973));
}

TEST_CASE("Classification metrics without a positive are zero") {
  const std::vector<float> zeros{0, 0, 0};
  const std::vector<float> mixed{0, 1, 1};
  CHECK(score(Metric::f1, zeros, zeros) == 0.0);
  CHECK(score(Metric::f1, zeros, mixed) == 0.0);
  CHECK(score(Metric::matthews, zeros, mixed) == 0.0);
  CHECK(score(Metric::accuracy, zeros, zeros) == 1.0);
}

// Expected values: scipy.stats.pearsonr and spearmanr.
TEST_CASE("Correlations equal SciPy's, ties included") {
  const std::vector<float> prediction{1.5f, -2, 3.25f, 3.25f, 0, 7, -2, 4};
  const std::vector<float> label{1, -1, 2, 2.5f, 2, 2, -3, 0.5f};
  CHECK(score(Metric::pearson, prediction, label) == Approx(0.6990378002324668).epsilon(1e-12));
  CHECK(score(Metric::spearman, prediction, label) == Approx(0.5555978981153942).epsilon(1e-12));
}

TEST_CASE("Pearson keeps its digits beside a large mean") {
  const std::vector<float> prediction{1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 3, 1e6f + 4.5f};
  const std::vector<float> label{1, 3, 2, 5, 4};
  CHECK(score(Metric::pearson, prediction, label) == Approx(0.7695538413614075).epsilon(1e-12));
}

TEST_CASE("A correlation with a constant does not exist") {
  const std::vector<float> constant(5, 0.1f);
  const std::vector<float> rising{1, 2, 3, 4, 5};
  for (Metric metric : {Metric::pearson, Metric::spearman}) {
    CHECK(std::isnan(score(metric, constant, rising)));
    CHECK(std::isnan(score(metric, rising, constant)));
  }
}

TEST_CASE("A metric refuses values that are not numbers and lists that do not match") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(score(Metric::spearman, {1, nan}, {1, 2}), DataError);
  CHECK_THROWS_WITH(score(Metric::accuracy, {1, nan}, {1, 2}), ContainsSubstring("example 1"));
  CHECK_THROWS_AS(score(Metric::accuracy, {1}, {1, 2}), DataError);
  CHECK_THROWS_AS(score(Metric::accuracy, {}, {}), DataError);
}

TEST_CASE("Counted resamples score exactly as the resampled data set") {
  const auto metric =
      GENERATE(Metric::accuracy, Metric::f1, Metric::matthews, Metric::pearson, Metric::spearman);
  const uint32_t levels = is_classification(metric) ? 2 : 12;
  auto prediction = rough_values(60, 1, levels);
  auto label = rough_values(60, 2, levels);
  if (is_classification(metric))
    for (auto* values : {&prediction, &label})
      for (float& value : *values) value = value > 0.0f ? 1.0f : 0.0f;
  const CountedMetric counted(metric, prediction, label);
  stats::Random random(3);
  for (int resample = 0; resample < 20; ++resample) {
    std::vector<int> indices, counts(60, 0);
    for (int i = 0; i < 60; ++i) indices.push_back(static_cast<int>(random.below(60)));
    for (int index : indices) ++counts[static_cast<size_t>(index)];
    const double direct = score(metric, taken(prediction, indices), taken(label, indices));
    CHECK(counted(counts) == Approx(direct).margin(1e-12));
  }
}

TEST_CASE("Interval of an accuracy is Wilson's, of a correlation the bootstrap's") {
  std::vector<float> prediction(643, 1), label(643, 1);
  std::fill(label.begin() + 580, label.end(), 0.0f);
  const auto wilson = score_interval(Metric::accuracy, prediction, label, 2000, 0);
  CHECK(wilson.low == Approx(stats::wilson(580, 643).low));
  CHECK(wilson.high == Approx(stats::wilson(580, 643).high));

  const auto x = rough_values(200, 4, 100);
  auto y = rough_values(200, 5, 100);
  for (size_t i = 0; i < y.size(); ++i) y[i] += x[i];
  const double value = score(Metric::spearman, x, y);
  const auto interval = score_interval(Metric::spearman, x, y, 500, 0);
  CHECK(interval.low < value);
  CHECK(interval.high > value);
  // Fisher's approximation of the width, which a bootstrap of 200 rows meets within a third.
  const double width = 2 * 1.96 * (1 - value * value) / std::sqrt(200.0 - 3.0);
  CHECK(interval.high - interval.low == Approx(width).epsilon(0.33));
}

TEST_CASE("A bootstrap of Spearman on 805 rows stays cheap") {
  const auto prediction = rough_values(805, 8, 100000);
  const auto label = rough_values(805, 9, 40);
  const auto start = std::chrono::steady_clock::now();
  score_interval(Metric::spearman, prediction, label, 2000, 0);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  // 0.05 s in a release build; sorting every resample would take over a second. Sanitizers and
  // busy machines get a wide margin.
  CHECK(elapsed.count() < 3.0);
}
