// From the encoder's output to per-example predictions and decision variables.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "experiments/tasks/task.h"

namespace herosweep::tasks {

/// FP32 results of an encoder over a corpus, [rows, cols] row-major; a view.
struct RowValues {
  const float* values = nullptr;
  int cols = 0;
  const float* row(int r) const { return values + static_cast<size_t>(r) * cols; }
};

/// `rows` of every function: the row of sequence s of the split, [sequences] (Corpus::add).

/// Ridge: prediction = decision = the output. Logistic: decision = the logit, prediction = 1 where
/// it is positive, else 0.
Outcomes linear_outcomes(HeadKind kind, const FittedHead& head, RowValues pooled,
                         const std::vector<int>& rows, const std::vector<double>& labels);

/// prediction = decision = cosine of rows[2i] and rows[2i + 1]; 0 where one is all zeros.
Outcomes cosine_outcomes(RowValues pooled, const std::vector<int>& rows,
                         const std::vector<double>& labels);

/// prediction = cosine of plan's and twin's first-token state; decision = a fixed read-out of the
/// pooled features: their sum with the signs of a seeded sequence, over the root of their number.
Outcomes fidelity_outcomes(RowValues first, RowValues twin_first, RowValues pooled,
                           const std::vector<int>& rows, const std::vector<double>& labels);

/// logits, twin_logits [rows, outputs] of this plan and of the FP twin. prediction = the task's
/// class of the largest logit (`label_order`, see below); decision = this plan's margin between the
/// classes that the twin ranks first and second. With one output: both are the output.
Outcomes classifier_outcomes(RowValues logits, RowValues twin_logits, const std::vector<int>& rows,
                             const std::vector<double>& labels,
                             const std::vector<int>& label_order);

/// Which class of the task each output of the checkpoint stands for, [outputs]. Names are compared
/// without regard to case; a checkpoint without names, or with the generic LABEL_0, LABEL_1, ...,
/// keeps its order, as does a task without names. Throws DataError, showing both lists, when the
/// numbers of classes differ or a name has no partner.
std::vector<int> label_order(const std::vector<std::string>& checkpoint_labels, int outputs,
                             const TaskSpec& task);

}  // namespace herosweep::tasks
