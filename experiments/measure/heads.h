// Task heads of a worker: fitted once on the FP16 twin's train features, then frozen.
#pragma once

#include <optional>
#include <vector>

#include "experiments/measure/encoder.h"

namespace herosweep::measure {

/// The heads of `prepared`, nothing for those that need no fitting; from the cache or fitted. Tasks
/// whose heads are missing share the forward passes over their train texts. Throws DataError.
std::vector<std::optional<tasks::FittedHead>> obtain_heads(
    const model::BertModel& model, const std::vector<const tasks::PreparedTask*>& prepared,
    const Setting& setting, const Progress& progress);

/// logits [rows, labels] of the checkpoint's classifier for first-token states [rows, hidden].
std::vector<float> classifier_logits(const model::BertModel& model, const Features& features);

}  // namespace herosweep::measure
