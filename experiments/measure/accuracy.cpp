#include "experiments/measure/accuracy.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "experiments/measure/calibrator.h"
#include "experiments/measure/heads.h"
#include "experiments/measure/memory.h"
#include "experiments/measure/scoring.h"
#include "experiments/tasks/corpus.h"

namespace herosweep::measure {

namespace {

// Sequences whose hidden states are compared layer by layer: a few thousand tokens settle a mean
// cosine to the fourth digit, and the twin's states stay in memory.
constexpr int kSampleSequences = 64;

bool is_classifier(const tasks::PreparedTask& task) {
  return task.spec.head == tasks::HeadKind::classifier;
}

}  // namespace

/// What every variant on the same tasks shares.
struct AccuracyEvaluator::Evaluation {
  tasks::Corpus corpus;
  engine::Batch sample;
  Features twin_features;
  HeadOutput twin;
  std::vector<std::vector<float>> twin_states;  // [layers + 1][tokens, hidden] of the sample
  std::vector<TaskContext> tasks;
  bool needs_logits = false;
};

AccuracyEvaluator::AccuracyEvaluator(Resources& resources) : resources_(resources) {}
AccuracyEvaluator::~AccuracyEvaluator() = default;

const AccuracyEvaluator::Evaluation& AccuracyEvaluator::evaluation(const AccuracyJob& job,
                                                                   const Progress& progress) {
  const auto line = to_json(job, "accuracy");
  auto& entry = evaluations_[line.at("tasks").dump() + job.setting.model.string()];
  if (entry) return *entry;
  progress(0, 0, "loading the model and tokenizing the tasks");
  const auto& model = resources_.model(job.setting);
  const auto prepared = resources_.all_tasks(job.tasks, job.setting);
  auto built = std::make_unique<Evaluation>();
  for (const auto* task : prepared) {
    TaskContext context;
    context.task = task;
    context.rows = built->corpus.add(task->eval.tokens);
    if (is_classifier(*task)) {
      context.outputs = model.classifier.weight.rows;
      context.label_order = tasks::label_order(model.config.labels, context.outputs, task->spec);
      built->needs_logits = true;
    }
    built->tasks.push_back(std::move(context));
  }
  const auto heads = obtain_heads(model, prepared, job.setting, progress);
  built->twin_features = twin_features(model, built->corpus.tokens(), job.setting, progress);
  built->twin.features = &built->twin_features;
  if (built->needs_logits) built->twin.logits = classifier_logits(model, built->twin_features);
  for (size_t t = 0; t < heads.size(); ++t) {
    built->tasks[t].head = heads[t];
    built->tasks[t].twin = outcomes(built->tasks[t], built->twin, built->twin);
  }
  built->sample =
      slice(built->corpus.tokens(), 0, std::min(kSampleSequences, built->corpus.rows()));
  const auto& backend = use_backend(job.setting);
  engine::Engine twin(model, twin_plan(model), nullptr, backend);
  built->twin_states =
      hidden_states(twin, model.config.hidden, built->sample, backend.tokens_per_pass);
  entry = std::move(built);
  return *entry;
}

std::optional<quant::Calibration> AccuracyEvaluator::calibration(const AccuracyJob& job) {
  if (!quant::needs_calibration(job.variant.plan)) return std::nullopt;
  return obtain_calibration(resources_.model(job.setting), job.variant.calibration,
                            job.calibration_tasks, resources_, job.setting);
}

void AccuracyEvaluator::prepare(const AccuracyJob& job, const Progress& progress) {
  evaluation(job, progress);
  progress(0, 0, "calibration");
  calibration(job);
}

AccuracyResult AccuracyEvaluator::evaluate(const AccuracyJob& job, const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const auto& model = resources_.model(job.setting);
  const Evaluation& shared = evaluation(job, progress);
  const auto scales = calibration(job);
  const auto& backend = use_backend(job.setting);
  reset_peak_memory(backend);
  const quant::Plan& plan = job.variant.plan;
  engine::Engine engine(model, plan, scales ? &*scales : nullptr, backend);

  AccuracyResult result;
  result.layers = module_errors(
      hidden_states(engine, model.config.hidden, shared.sample, backend.tokens_per_pass),
      shared.twin_states, model.config.hidden);
  engine.count_saturation(true);
  const Features features = encode(engine, model.config.hidden, shared.corpus.tokens(),
                                   backend.tokens_per_pass, progress);
  HeadOutput output{&features, {}};
  if (shared.needs_logits) output.logits = classifier_logits(model, features);
  for (const TaskContext& task : shared.tasks)
    result.tasks.push_back(
        score_task(task, output, shared.twin, job.bootstrap_resamples, job.variant.seed));

  result.execution = quant::name(quant::execution(plan));
  result.compute_dtype = compute_dtype(backend);
  result.weight_bytes = engine.weight_bytes();
  result.workspace_bytes = engine.workspace_bytes();
  result.peak_rss_bytes = peak_memory_bytes(backend);
  result.launches_per_layer = engine.launches_per_layer();
  result.quantize_operators = engine.quantize_operators();
  result.floored_scales = engine.floored_scales();
  if (scales) {
    result.calibration_rows = scales->rows;
    result.calibration_rows_asked = scales->settings.batches * scales->settings.batch_size;
  }
  result.saturation = engine.saturation();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace herosweep::measure
