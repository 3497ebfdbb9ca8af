// From features to what is recorded about one plan on one task: the metric with its interval, and
// how far the plan is from its FP16 twin.
#pragma once

#include <optional>
#include <vector>

#include "experiments/measure/encoder.h"
#include "experiments/measure/protocol.h"

namespace herosweep::measure {

/// What a head makes of the rows of a corpus. `logits` is empty but for the checkpoint's head.
struct HeadOutput {
  const Features* features = nullptr;
  std::vector<float> logits;  // [rows, outputs]
};

/// Everything about a task that is the same for every plan.
struct TaskContext {
  const tasks::PreparedTask* task = nullptr;
  std::vector<int> rows;  // of the corpus, one a sequence of the eval split
  std::optional<tasks::FittedHead> head;
  std::vector<int> label_order;  // classifier heads
  int outputs = 0;               // columns of the logits
  tasks::Outcomes twin;
};

tasks::Outcomes outcomes(const TaskContext& context, const HeadOutput& plan,
                         const HeadOutput& twin);

/// Throws NonFiniteError when the metric or its distance to the twin is undefined (for example a
/// correlation of constant predictions).
TaskResult score_task(const TaskContext& context, const HeadOutput& plan, const HeadOutput& twin,
                      int bootstrap_resamples, uint64_t seed);

/// states, twin: [layers + 1][tokens, hidden], as hidden_states() returns them.
std::vector<ModuleError> module_errors(const std::vector<std::vector<float>>& states,
                                       const std::vector<std::vector<float>>& twin, int hidden);

}  // namespace herosweep::measure
