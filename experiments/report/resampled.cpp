#include "experiments/report/resampled.h"

#include <algorithm>

#include "experiments/stats/stats.h"
#include "experiments/tasks/metrics.h"

namespace herosweep::report {

const tasks::Outcomes& Resampler::outcomes(const ResultRow& trial) {
  const auto known = outcomes_.find(trial.trial_hash);
  if (known != outcomes_.end()) return known->second;
  return outcomes_.emplace(trial.trial_hash, store_.outcomes(trial.trial_hash)).first->second;
}

const std::vector<double>& Resampler::metric(const ResultRow& trial) {
  const auto [kept, is_new] = metric_.try_emplace(trial.trial_hash);
  if (!is_new) return kept->second;
  const tasks::Outcomes& own = outcomes(trial);
  const tasks::CountedMetric counted(tasks::metric_from_name(trial.metric), own.prediction,
                                     own.label);
  kept->second =
      stats::bootstrap_statistics(counted.examples(), resamples_, seed_, std::cref(counted));
  return kept->second;
}

const std::vector<double>& Resampler::drift(const ResultRow& trial) {
  const auto [kept, is_new] = drift_.try_emplace(trial.trial_hash);
  const ResultRow* fp16 = twin(trial);
  if (!is_new || fp16 == nullptr) return kept->second;
  const std::vector<float>& z = outcomes(*fp16).decision;
  const std::vector<float>& own = outcomes(trial).decision;
  kept->second = stats::bootstrap_statistics(
      static_cast<int>(own.size()), resamples_, seed_,
      [&](std::span<const int> counts) { return stats::drift_by_counts(z, own, counts); });
  return kept->second;
}

const ResultRow* Resampler::twin(const ResultRow& trial) const {
  const auto found =
      std::find_if(snapshot_.results.begin(), snapshot_.results.end(),
                   [&](const ResultRow& row) { return row.is_fp16 && row.task == trial.task; });
  return found == snapshot_.results.end() ? nullptr : &*found;
}

}  // namespace herosweep::report
