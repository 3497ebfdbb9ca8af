// Task metrics as functions of how often each example counts, so that a bootstrap resample costs
// no sorting.
#pragma once

#include <span>
#include <vector>

#include "experiments/stats/stats.h"
#include "experiments/tasks/task.h"

namespace herosweep::tasks {

/// metric(prediction, label), prepared once and evaluated for many resamples in O(n). The value for
/// counts [n] is exactly that of the data set in which example i stands counts[i] times (ties in
/// ranks share their average rank).
///
/// Definitions of GLUE, scikit-learn and SciPy: f1 of class 1, 0 where nothing is predicted or
/// labelled so; Matthews correlation over any number of classes, 0 where one side is constant;
/// Pearson and Spearman, NaN where one side is constant; the mean of the predictions.
class CountedMetric {
 public:
  /// Throws DataError when the sizes differ, there are no examples, or a value is not finite.
  CountedMetric(Metric metric, const std::vector<float>& prediction,
                const std::vector<float>& label);
  double operator()(std::span<const int> counts) const;
  int examples() const { return static_cast<int>(prediction_.size()); }

 private:
  double confusion_score(std::span<const int> counts) const;
  double spearman(std::span<const int> counts) const;

  Metric metric_;
  std::vector<double> prediction_, label_;
  // Each value's index among the distinct values, in increasing order: of its own side for
  // Spearman, of both sides together (the classes) for classification.
  std::vector<int> prediction_index_, label_index_;
  std::vector<double> prediction_values_, label_values_;
};

/// 95 % by default: Wilson for accuracy, else percentile bootstrap over examples. Throws DataError.
stats::Interval score_interval(Metric metric, const std::vector<float>& prediction,
                               const std::vector<float>& label, int resamples, uint64_t seed,
                               double confidence = 0.95);

/// True where a prediction is a class index, so that plans can be compared by flips.
bool is_classification(Metric metric);

}  // namespace herosweep::tasks
