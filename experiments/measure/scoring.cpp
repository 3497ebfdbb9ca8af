#include "experiments/measure/scoring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/stats/stats.h"
#include "experiments/tasks/metrics.h"

namespace herosweep::measure {

namespace {

using tasks::HeadKind;

std::vector<float> gather(tasks::RowValues values, const std::vector<int>& rows) {
  std::vector<float> gathered;
  gathered.reserve(rows.size() * values.cols);
  for (const int row : rows)
    gathered.insert(gathered.end(), values.row(row), values.row(row) + values.cols);
  return gathered;
}

/// What the head reads decides what is compared: first-token states or pooled embeddings.
double mean_feature_cosine(const TaskContext& context, const Features& plan, const Features& twin) {
  const HeadKind head = context.task->spec.head;
  const bool first = head == HeadKind::classifier || head == HeadKind::fidelity;
  const auto a = gather(first ? twin.first_rows() : twin.pooled_rows(), context.rows);
  const auto b = gather(first ? plan.first_rows() : plan.pooled_rows(), context.rows);
  return stats::mean_cosine(a.data(), b.data(), static_cast<int>(context.rows.size()), plan.hidden);
}

int64_t count_flips(const tasks::Outcomes& plan, const tasks::Outcomes& twin) {
  int64_t flips = 0;
  for (size_t i = 0; i < plan.prediction.size(); ++i)
    flips += plan.prediction[i] != twin.prediction[i];
  return flips;
}

double max_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
  return most;
}

/// log softmax of one row, in FP64.
std::vector<double> log_softmax(const float* logits, int classes) {
  const double max = *std::max_element(logits, logits + classes);
  double sum = 0;
  for (int c = 0; c < classes; ++c) sum += std::exp(logits[c] - max);
  std::vector<double> result(classes);
  for (int c = 0; c < classes; ++c) result[c] = logits[c] - max - std::log(sum);
  return result;
}

double divergence(const float* twin, const float* plan, int classes) {
  const auto p = log_softmax(twin, classes), q = log_softmax(plan, classes);
  double sum = 0;
  for (int c = 0; c < classes; ++c) sum += std::exp(p[c]) * (p[c] - q[c]);
  return sum;
}

/// Mean KL(twin || plan). A logistic head's logit z is the pair (0, z).
double mean_divergence(const TaskContext& context, const HeadOutput& plan, const HeadOutput& twin,
                       const tasks::Outcomes& scored) {
  const HeadKind kind = context.task->spec.head;
  const size_t n = scored.decision.size();
  double sum = 0;
  if (kind == HeadKind::logistic) {
    for (size_t i = 0; i < n; ++i) {
      const float a[2] = {0.0f, context.twin.decision[i]}, b[2] = {0.0f, scored.decision[i]};
      sum += divergence(a, b, 2);
    }
  } else if (kind == HeadKind::classifier && context.outputs > 1) {
    for (const int row : context.rows) {
      const size_t at = static_cast<size_t>(row) * context.outputs;
      sum += divergence(twin.logits.data() + at, plan.logits.data() + at, context.outputs);
    }
  }
  return n > 0 ? sum / static_cast<double>(n) : 0.0;
}

void require_finite(const TaskResult& result) {
  const double numbers[] = {result.value,  result.interval.low, result.interval.high, result.drift,
                            result.cosine, result.kl,           result.max_error};
  if (std::all_of(std::begin(numbers), std::end(numbers),
                  [](double number) { return std::isfinite(number); }))
    return;
  throw engine::NonFiniteError(fmt::format(
      "task {}: {} = {:g}, drift {:g}: undefined, as for predictions that are all the same or not "
      "finite; look at the layers' errors of milder plans to see where this one breaks",
      result.task, result.metric, result.value, result.drift));
}

std::string head_hash(const TaskContext& context) {
  return context.head ? context.head->hash : std::string(tasks::name(context.task->spec.head));
}

}  // namespace

tasks::Outcomes outcomes(const TaskContext& context, const HeadOutput& plan,
                         const HeadOutput& twin) {
  const auto& labels = context.task->eval.labels;
  switch (context.task->spec.head) {
    case HeadKind::classifier:
      return tasks::classifier_outcomes({plan.logits.data(), context.outputs},
                                        {twin.logits.data(), context.outputs}, context.rows, labels,
                                        context.label_order);
    case HeadKind::fidelity:
      return tasks::fidelity_outcomes(plan.features->first_rows(), twin.features->first_rows(),
                                      plan.features->pooled_rows(), context.rows, labels);
    case HeadKind::cosine:
      return tasks::cosine_outcomes(plan.features->pooled_rows(), context.rows, labels);
    default:
      return tasks::linear_outcomes(context.task->spec.head, *context.head,
                                    plan.features->pooled_rows(), context.rows, labels);
  }
}

TaskResult score_task(const TaskContext& context, const HeadOutput& plan, const HeadOutput& twin,
                      int bootstrap_resamples, uint64_t seed) {
  const tasks::TaskSpec& spec = context.task->spec;
  TaskResult result;
  result.task = spec.name;
  result.metric = tasks::name(spec.metric);
  result.outcomes = outcomes(context, plan, twin);
  const auto& [prediction, decision, label] = result.outcomes;
  result.n = static_cast<int>(prediction.size());
  result.value = tasks::score(spec.metric, prediction, label);
  result.interval =
      tasks::score_interval(spec.metric, prediction, label, bootstrap_resamples, seed);
  if (tasks::is_classification(spec.metric))
    result.flips = count_flips(result.outcomes, context.twin);
  result.drift = stats::drift(context.twin.decision, decision);
  result.cosine = mean_feature_cosine(context, *plan.features, *twin.features);
  result.kl = mean_divergence(context, plan, twin, result.outcomes);
  result.max_error = max_difference(decision, context.twin.decision);
  result.head_hash = head_hash(context);
  require_finite(result);
  return result;
}

std::vector<ModuleError> module_errors(const std::vector<std::vector<float>>& states,
                                       const std::vector<std::vector<float>>& twin, int hidden) {
  std::vector<ModuleError> errors(states.size());
#pragma omp parallel for
  for (size_t l = 0; l < states.size(); ++l) {
    double signal = 0, noise = 0;
    for (size_t i = 0; i < states[l].size(); ++i) {
      const double difference = static_cast<double>(states[l][i]) - twin[l][i];
      signal += static_cast<double>(twin[l][i]) * twin[l][i];
      noise += difference * difference;
    }
    const int tokens = static_cast<int>(states[l].size()) / hidden;
    errors[l] = {static_cast<int>(l) - 1,
                 stats::mean_cosine(twin[l].data(), states[l].data(), tokens, hidden),
                 10.0 * std::log10(signal / noise)};
  }
  return errors;
}

}  // namespace herosweep::measure
