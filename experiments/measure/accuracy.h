// What a worker does for an accuracy job: one plan on all tasks, compared with its FP16 twin.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "experiments/measure/protocol.h"
#include "experiments/measure/resources.h"

namespace herosweep::measure {

class AccuracyEvaluator {
 public:
  explicit AccuracyEvaluator(Resources& resources);
  ~AccuracyEvaluator();

  /// Fills the cache with all that the plans of a sweep share: tokenized text, heads, the twin's
  /// features, and the calibration of the job's variant if it needs one. Throws as `evaluate`.
  void prepare(const AccuracyJob& job, const Progress& progress);

  /// Throws ModelError, PlanError, DataError, NonFiniteError.
  AccuracyResult evaluate(const AccuracyJob& job, const Progress& progress);

 private:
  struct Evaluation;
  const Evaluation& evaluation(const AccuracyJob& job, const Progress& progress);
  std::optional<quant::Calibration> calibration(const AccuracyJob& job);

  Resources& resources_;
  std::map<std::string, std::unique_ptr<Evaluation>> evaluations_;  // by model and tasks
};

}  // namespace herosweep::measure
