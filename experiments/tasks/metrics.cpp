#include "experiments/tasks/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>

#include "core/util/error.h"

namespace herosweep::tasks {
namespace {

std::vector<double> finite_values(const char* what, const std::vector<float>& values) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw DataError(fmt::format("{} of example {} is {}, no metric exists", what, i, values[i]));
  return {values.begin(), values.end()};
}

std::vector<double> distinct(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

std::vector<int> index_among(const std::vector<double>& values, const std::vector<double>& sorted) {
  std::vector<int> indices;
  indices.reserve(values.size());
  for (double value : values)
    indices.push_back(
        static_cast<int>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin()));
  return indices;
}

/// Mean of x, example i standing counts[i] times.
double mean(const std::vector<double>& x, std::span<const int> counts) {
  double n = 0.0, sum = 0.0;
  for (size_t i = 0; i < counts.size(); ++i) {
    n += counts[i];
    sum += counts[i] * x[i];
  }
  return sum / n;
}

/// Pearson correlation of x and y, example i standing counts[i] times; two passes, so that a large
/// mean costs no digits.
double pearson(const std::vector<double>& x, const std::vector<double>& y,
               std::span<const int> counts) {
  double n = 0.0, x_sum = 0.0, y_sum = 0.0;
  for (size_t i = 0; i < counts.size(); ++i) {
    n += counts[i];
    x_sum += counts[i] * x[i];
    y_sum += counts[i] * y[i];
  }
  const double x_mean = x_sum / n;
  const double y_mean = y_sum / n;
  double xx = 0.0, yy = 0.0, xy = 0.0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double dx = x[i] - x_mean;
    const double dy = y[i] - y_mean;
    xx += counts[i] * dx * dx;
    yy += counts[i] * dy * dy;
    xy += counts[i] * dx * dy;
  }
  // A constant side leaves 0 / 0, or rounding noise where its mean is not exact.
  const double noise = std::numeric_limits<double>::epsilon();
  if (xx <= n * std::pow(noise * x_mean, 2) || yy <= n * std::pow(noise * y_mean, 2))
    return std::numeric_limits<double>::quiet_NaN();
  return xy / std::sqrt(xx * yy);
}

/// Average ranks of the examples: those with the v-th distinct value share the mean of the ranks
/// they occupy together. Counting replaces sorting.
std::vector<double> average_ranks(const std::vector<int>& value_index, size_t values,
                                  std::span<const int> counts) {
  std::vector<int64_t> occupied(values, 0);
  for (size_t i = 0; i < counts.size(); ++i)
    occupied[static_cast<size_t>(value_index[i])] += counts[i];
  std::vector<double> rank_of_value(values);
  int64_t below = 0;
  for (size_t v = 0; v < values; ++v) {
    rank_of_value[v] = static_cast<double>(below) + (static_cast<double>(occupied[v]) + 1.0) / 2.0;
    below += occupied[v];
  }
  std::vector<double> ranks;
  ranks.reserve(value_index.size());
  for (int index : value_index) ranks.push_back(rank_of_value[static_cast<size_t>(index)]);
  return ranks;
}

/// counts of (label, prediction), [classes, classes] row-major.
struct Confusion {
  size_t classes;
  std::vector<double> cells;
  double at(size_t label, size_t prediction) const { return cells[label * classes + prediction]; }
  double labelled(size_t c) const {
    double sum = 0.0;
    for (size_t other = 0; other < classes; ++other) sum += at(c, other);
    return sum;
  }
  double predicted(size_t c) const {
    double sum = 0.0;
    for (size_t other = 0; other < classes; ++other) sum += at(other, c);
    return sum;
  }
  double correct() const {
    double sum = 0.0;
    for (size_t c = 0; c < classes; ++c) sum += at(c, c);
    return sum;
  }
  double total() const { return std::accumulate(cells.begin(), cells.end(), 0.0); }
};

double f1_of_class(const Confusion& confusion, size_t positive) {
  const double denominator = confusion.labelled(positive) + confusion.predicted(positive);
  return denominator == 0.0 ? 0.0 : 2.0 * confusion.at(positive, positive) / denominator;
}

/// Gorodkin's R_K (2004), which is Matthews' coefficient for two classes.
double matthews(const Confusion& confusion) {
  const double n = confusion.total();
  double covariance = confusion.correct() * n;
  double label_spread = n * n;
  double prediction_spread = n * n;
  for (size_t c = 0; c < confusion.classes; ++c) {
    const double labelled = confusion.labelled(c);
    const double predicted = confusion.predicted(c);
    covariance -= labelled * predicted;
    label_spread -= labelled * labelled;
    prediction_spread -= predicted * predicted;
  }
  if (label_spread == 0.0 || prediction_spread == 0.0) return 0.0;
  return covariance / std::sqrt(label_spread * prediction_spread);
}

}  // namespace

bool is_classification(Metric metric) {
  return metric == Metric::accuracy || metric == Metric::f1 || metric == Metric::matthews;
}

CountedMetric::CountedMetric(Metric metric, const std::vector<float>& prediction,
                             const std::vector<float>& label)
    : metric_(metric),
      prediction_(finite_values("prediction", prediction)),
      label_(finite_values("label", label)) {
  if (prediction.size() != label.size() || prediction.empty())
    throw DataError(fmt::format("a metric needs a prediction for every label: {} and {} were given",
                                prediction.size(), label.size()));
  if (metric == Metric::pearson || metric == Metric::mean) return;
  prediction_values_ = distinct(prediction_);
  label_values_ = distinct(label_);
  if (is_classification(metric)) {
    std::vector<double> both = prediction_values_;
    both.insert(both.end(), label_values_.begin(), label_values_.end());
    prediction_values_ = label_values_ = distinct(std::move(both));
  }
  prediction_index_ = index_among(prediction_, prediction_values_);
  label_index_ = index_among(label_, label_values_);
}

double CountedMetric::operator()(std::span<const int> counts) const {
  if (metric_ == Metric::pearson) return pearson(prediction_, label_, counts);
  if (metric_ == Metric::mean) return mean(prediction_, counts);
  return metric_ == Metric::spearman ? spearman(counts) : confusion_score(counts);
}

double CountedMetric::spearman(std::span<const int> counts) const {
  return pearson(average_ranks(prediction_index_, prediction_values_.size(), counts),
                 average_ranks(label_index_, label_values_.size(), counts), counts);
}

double CountedMetric::confusion_score(std::span<const int> counts) const {
  const size_t classes = label_values_.size();
  Confusion confusion{classes, std::vector<double>(classes * classes, 0.0)};
  for (size_t i = 0; i < counts.size(); ++i) {
    const size_t row = static_cast<size_t>(label_index_[i]);
    confusion.cells[row * classes + static_cast<size_t>(prediction_index_[i])] += counts[i];
  }
  if (metric_ == Metric::accuracy) return confusion.correct() / confusion.total();
  if (metric_ == Metric::matthews) return matthews(confusion);
  const auto positive = std::find(label_values_.begin(), label_values_.end(), 1.0);
  if (positive == label_values_.end()) return 0.0;
  return f1_of_class(confusion, static_cast<size_t>(positive - label_values_.begin()));
}

double score(Metric metric, const std::vector<float>& prediction, const std::vector<float>& label) {
  const CountedMetric counted(metric, prediction, label);
  return counted(std::vector<int>(prediction.size(), 1));
}

stats::Interval score_interval(Metric metric, const std::vector<float>& prediction,
                               const std::vector<float>& label, int resamples, uint64_t seed,
                               double confidence) {
  const CountedMetric counted(metric, prediction, label);
  const int n = counted.examples();
  if (metric != Metric::accuracy)
    return stats::bootstrap_counts(n, resamples, seed, std::cref(counted), confidence);
  const double correct = counted(std::vector<int>(prediction.size(), 1)) * n;
  return stats::wilson(std::llround(correct), n, confidence);
}

}  // namespace herosweep::tasks
