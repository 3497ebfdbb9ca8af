#include "experiments/tasks/outcomes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
#include <random>

#include "core/util/error.h"

namespace herosweep::tasks {
namespace {

double cosine(const float* a, const float* b, int cols) {
  double dot = 0.0, a_squares = 0.0, b_squares = 0.0;
  for (int j = 0; j < cols; ++j) {
    dot += static_cast<double>(a[j]) * b[j];
    a_squares += static_cast<double>(a[j]) * a[j];
    b_squares += static_cast<double>(b[j]) * b[j];
  }
  const double norms = std::sqrt(a_squares * b_squares);
  return norms == 0.0 ? 0.0 : dot / norms;
}

/// Indices of the largest and the second largest of `values` [count]; the first of equals wins.
std::pair<int, int> top_two(const float* values, int count) {
  int first = 0;
  int second = 1;
  if (values[second] > values[first]) std::swap(first, second);
  for (int c = 2; c < count; ++c) {
    if (values[c] > values[first]) {
      second = first;
      first = c;
    } else if (values[c] > values[second]) {
      second = c;
    }
  }
  return {first, second};
}

std::string folded(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_generic(const std::vector<std::string>& labels) {
  for (size_t i = 0; i < labels.size(); ++i)
    if (folded(labels[i]) != fmt::format("label_{}", i)) return false;
  return true;
}

std::vector<int> partners(const std::vector<std::string>& checkpoint, const TaskSpec& task) {
  std::vector<int> order;
  for (const std::string& label : checkpoint) {
    const auto same = [&](const std::string& other) { return folded(other) == folded(label); };
    const auto found = std::find_if(task.labels.begin(), task.labels.end(), same);
    order.push_back(found == task.labels.end() ? -1
                                               : static_cast<int>(found - task.labels.begin()));
  }
  return order;
}

bool is_permutation_of_classes(std::vector<int> order) {
  std::sort(order.begin(), order.end());
  for (size_t i = 0; i < order.size(); ++i)
    if (order[i] != static_cast<int>(i)) return false;
  return true;
}

Outcomes with_labels(const std::vector<double>& labels) {
  Outcomes outcomes;
  outcomes.label.assign(labels.begin(), labels.end());
  return outcomes;
}

}  // namespace

Outcomes linear_outcomes(HeadKind kind, const FittedHead& head, RowValues pooled,
                         const std::vector<int>& rows, const std::vector<double>& labels) {
  Outcomes outcomes = with_labels(labels);
  for (int row : rows) {
    const float output = static_cast<float>(head.apply(pooled.row(row)));
    outcomes.decision.push_back(output);
    const float predicted_class = output > 0.0f ? 1.0f : 0.0f;
    outcomes.prediction.push_back(kind == HeadKind::logistic ? predicted_class : output);
  }
  return outcomes;
}

Outcomes cosine_outcomes(RowValues pooled, const std::vector<int>& rows,
                         const std::vector<double>& labels) {
  Outcomes outcomes = with_labels(labels);
  for (size_t i = 0; i < labels.size(); ++i) {
    const float* first = pooled.row(rows[2 * i]);
    const float* second = pooled.row(rows[2 * i + 1]);
    outcomes.decision.push_back(static_cast<float>(cosine(first, second, pooled.cols)));
  }
  outcomes.prediction = outcomes.decision;
  return outcomes;
}

Outcomes fidelity_outcomes(RowValues first, RowValues twin_first, RowValues pooled,
                           const std::vector<int>& rows, const std::vector<double>& labels) {
  std::mt19937 bits(0);
  std::vector<double> signs(static_cast<size_t>(pooled.cols));
  for (double& sign : signs) sign = bits() % 2 == 0 ? 1.0 : -1.0;
  Outcomes outcomes = with_labels(labels);
  for (int row : rows) {
    outcomes.prediction.push_back(
        static_cast<float>(cosine(first.row(row), twin_first.row(row), first.cols)));
    const double sum = std::inner_product(signs.begin(), signs.end(), pooled.row(row), 0.0);
    outcomes.decision.push_back(static_cast<float>(sum / std::sqrt(pooled.cols)));
  }
  return outcomes;
}

Outcomes classifier_outcomes(RowValues logits, RowValues twin_logits, const std::vector<int>& rows,
                             const std::vector<double>& labels, const std::vector<int>& order) {
  Outcomes outcomes = with_labels(labels);
  for (int row : rows) {
    const float* own = logits.row(row);
    if (logits.cols == 1) {
      outcomes.prediction.push_back(own[0]);
      outcomes.decision.push_back(own[0]);
      continue;
    }
    const auto [first, second] = top_two(twin_logits.row(row), logits.cols);
    const int winner = top_two(own, logits.cols).first;
    outcomes.prediction.push_back(static_cast<float>(order[static_cast<size_t>(winner)]));
    outcomes.decision.push_back(own[first] - own[second]);
  }
  return outcomes;
}

std::vector<int> label_order(const std::vector<std::string>& checkpoint_labels, int outputs,
                             const TaskSpec& task) {
  std::vector<int> order(static_cast<size_t>(outputs));
  std::iota(order.begin(), order.end(), 0);
  if (task.labels.empty()) return order;
  const bool same_number = task.labels.size() == order.size();
  if (same_number && is_generic(checkpoint_labels)) return order;
  if (same_number && checkpoint_labels.size() == order.size()) {
    order = partners(checkpoint_labels, task);
    if (is_permutation_of_classes(order)) return order;
  }
  throw DataError(fmt::format(
      "task {}: its labels [{}] do not map to the checkpoint's {} outputs [{}]; give "
      "the task's labels the names of config.json's id2label",
      task.name, fmt::join(task.labels, ", "), outputs, fmt::join(checkpoint_labels, ", ")));
}

}  // namespace herosweep::tasks
