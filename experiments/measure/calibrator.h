// Calibration rows of a task, and calibrations cached by the content that they came from.
#pragma once

#include <memory>
#include <vector>

#include "core/quant/calibration.h"
#include "experiments/measure/resources.h"

namespace herosweep::measure {

/// Sequence `s` of `batch` cut to `limit` tokens as the tokenizer would have cut it: the final
/// special token stays; of a pair, the longer text gives way first.
engine::Batch truncated(const engine::Batch& batch, int s, int limit);

/// Sequences of the train split drawn without repetition (numerics section 5), cut at the smaller
/// of `seq_len` and the task's max_length, `batch_size` a batch. Empty without train rows.
std::vector<engine::Batch> calibration_batches(const tasks::PreparedTask& task,
                                               const quant::CalibrationSettings& settings);

/// The calibration of `model` on the first of `specs` that has a train split, from the cache or
/// computed. Throws PlanError when none has one.
quant::Calibration obtain_calibration(const model::BertModel& model,
                                      const quant::CalibrationSettings& settings,
                                      const std::vector<tasks::TaskSpec>& specs,
                                      Resources& resources, const Setting& setting);

}  // namespace herosweep::measure
