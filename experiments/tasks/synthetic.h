// Random token ids in place of text, for models without a tokenizer.
#pragma once

#include "experiments/tasks/task.h"

namespace herosweep::tasks {

inline constexpr const char* kRandomIds = "random ids";

/// The splits of a "random ids" task: the same on every platform.
PreparedTask prepare_synthetic(const TaskSpec& spec);

}  // namespace herosweep::tasks
