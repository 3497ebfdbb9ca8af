// Statistics of stored outcomes over bootstrap resamples, each computed once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "experiments/report/rows.h"
#include "experiments/tasks/task.h"

namespace herosweep::report {

/// All trials of a task are resampled with the same draws, so that their statistics are paired.
class Resampler {
 public:
  Resampler(store::Store& store, const Snapshot& snapshot, int resamples, uint64_t seed)
      : store_(store), snapshot_(snapshot), resamples_(resamples), seed_(seed) {}

  /// All three throw StoreError where the trial's outcomes are missing or damaged. References live
  /// as long as this object.
  const tasks::Outcomes& outcomes(const ResultRow& trial);
  /// The task metric of every resample, [resamples]; NaN where it is not defined.
  const std::vector<double>& metric(const ResultRow& trial);
  /// Drift from the FP16 plan of the same task; empty when that was not measured.
  const std::vector<double>& drift(const ResultRow& trial);

 private:
  const ResultRow* twin(const ResultRow& trial) const;

  store::Store& store_;
  const Snapshot& snapshot_;
  int resamples_;
  uint64_t seed_;
  // By trial hash; a map's values stay where they are.
  std::map<std::string, tasks::Outcomes> outcomes_;
  std::map<std::string, std::vector<double>> metric_, drift_;
};

}  // namespace herosweep::report
