#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/model/safetensors.h"
#include "core/util/atomic_file.h"
#include "core/util/error.h"
#include "core/util/text.h"
#include "experiments/cli/command.h"
#include "experiments/cli/options.h"
#include "experiments/cli/predict_input.h"
#include "experiments/config/config.h"
#include "experiments/measure/calibrator.h"
#include "experiments/measure/heads.h"
#include "experiments/measure/runner.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path model, output, layers, calibration;
  std::string plan, task, head;
  std::string backend = "cpu";
  InputOptions input;
};

enum class Output { embedding, logits, linear, cosine };

/// What is written for each example, and the fitted head it takes.
struct Predictor {
  Output output = Output::embedding;
  std::optional<tasks::FittedHead> head;
};

Predictor choose(const Options& options, const model::BertModel& model,
                 const std::optional<tasks::TaskSpec>& task, measure::Resources& resources,
                 const measure::Setting& setting) {
  if (!task) {
    const bool classify =
        options.head == "classify" || (options.head.empty() && model.has_classifier());
    return {classify ? Output::logits : Output::embedding, std::nullopt};
  }
  if (task->head == tasks::HeadKind::classifier) return {Output::logits, std::nullopt};
  if (task->head == tasks::HeadKind::cosine) return {Output::cosine, std::nullopt};
  const auto heads = measure::obtain_heads(model, {&resources.task(*task, setting)}, setting,
                                           [](int, int, const std::string&) {});
  return {Output::linear, heads.front()};
}

std::optional<quant::Calibration> choose_calibration(const Options& options,
                                                     const model::BertModel& model,
                                                     const quant::Plan& plan,
                                                     const std::optional<tasks::TaskSpec>& task,
                                                     measure::Resources& resources,
                                                     const measure::Setting& setting) {
  if (!quant::needs_calibration(plan)) return std::nullopt;
  if (!options.calibration.empty()) return quant::load_calibration(options.calibration);
  if (task)
    return measure::obtain_calibration(model, quant::CalibrationSettings{}, {*task}, resources,
                                       setting);
  throw PlanError(fmt::format(
      "plan {} needs calibrated scales; give --calibration FILE (`herosweep calibrate CONFIG` "
      "writes one) or --task NAME to calibrate on its train split",
      quant::display_name(plan.name)));
}

nlohmann::json example(const Predictor& predictor, const measure::Features& features,
                       const std::vector<float>& logits, int labels, int index) {
  const auto values = [](const float* first, int count) {
    return std::vector<float>(first, first + count);
  };
  const auto pooled = features.pooled_rows();
  switch (predictor.output) {
    case Output::embedding:
      return {{"embedding", values(pooled.row(index), pooled.cols)}};
    case Output::logits:
      return {{"logits", values(logits.data() + static_cast<size_t>(index) * labels, labels)}};
    case Output::linear:
      return {{"logits", {predictor.head->apply(pooled.row(index))}}};
    case Output::cosine:
      break;
  }
  const auto outcome = tasks::cosine_outcomes(pooled, {2 * index, 2 * index + 1}, {0.0});
  return {{"logits", outcome.prediction}};
}

void write_layers(const std::filesystem::path& file, engine::Engine& engine, int hidden,
                  const engine::Batch& tokens) {
  std::vector<std::vector<float>> states;
  engine.observe_hidden([&](int layer, const float* values, int count) {
    if (static_cast<size_t>(layer) >= states.size()) states.resize(layer + 1);
    states[layer].insert(states[layer].end(), values, values + static_cast<size_t>(count) * hidden);
  });
  // In the order of the input, so that `offsets` finds each example's rows.
  constexpr int kSequences = 32;
  for (int s = 0; s < tokens.sequences(); s += kSequences)
    engine.forward(measure::slice(tokens, s, std::min(s + kSequences, tokens.sequences())));
  engine.observe_hidden(nullptr);
  std::vector<model::TensorSource> tensors;
  for (size_t l = 0; l < states.size(); ++l)
    tensors.push_back(
        model::tensor_source(fmt::format("hidden.{}", l), {tokens.tokens(), hidden}, states[l]));
  tensors.push_back(model::tensor_source("offsets", {static_cast<int64_t>(tokens.offsets.size())},
                                         tokens.offsets));
  model::write_safetensors(file, tensors);
}

InputOptions input_options(const Options& options, const model::BertModel& model,
                           const std::optional<tasks::TaskSpec>& task) {
  InputOptions input = options.input;
  if (input.max_length == 0)
    input.max_length = task ? task->max_length : std::min(256, model.config.max_positions);
  if (!task) {
    if (input.text_columns.size() == 2 && options.head == "embed")
      throw ConfigError("--head embed reads one text column; name one in --text-columns");
    return input;
  }
  input.embed_pairs_apart = task->head == tasks::HeadKind::cosine;
  if (input.text_columns.empty() && task->text_columns.size() == 2) input.text_columns = {0, 1};
  return input;
}

int predict(const Options& options) {
  const measure::Setting setting{options.model, options.backend, measure::processors(),
                                 cache_directory(), ""};
  std::optional<tasks::TaskSpec> task;
  if (!options.task.empty())
    task = config::load_task(options.task, std::filesystem::current_path());
  measure::Resources resources;
  const model::BertModel& model = resources.model(setting);
  const quant::Plan plan = quant::named_plan(options.plan, model.config.layers);
  const Predictor predictor = choose(options, model, task, resources, setting);
  const auto scales = choose_calibration(options, model, plan, task, resources, setting);
  const engine::Batch tokens =
      tokenize_input(input_options(options, model, task), options.model, setting.cache);

  const int hidden = model.config.hidden;
  const auto& backend = measure::use_backend(setting);
  engine::Engine engine(model, plan, scales ? &*scales : nullptr, backend);
  const auto features = measure::encode(engine, hidden, tokens, backend.tokens_per_pass,
                                        [](int, int, const std::string&) {});
  std::vector<float> logits;
  if (predictor.output == Output::logits) logits = measure::classifier_logits(model, features);
  const int stride = predictor.output == Output::cosine ? 2 : 1;
  std::string lines;
  for (int i = 0; i < tokens.sequences() / stride; ++i) {
    nlohmann::json line = example(predictor, features, logits, model.classifier.weight.rows, i);
    line["index"] = i;
    line["tokens"] = tokens.offsets[(i + 1) * stride] - tokens.offsets[i * stride];
    lines += line.dump() + '\n';
  }
  util::write_file_atomically(options.output, lines);
  const int examples = tokens.sequences() / stride;
  fmt::print("{}: {}\n", options.output.string(), util::counted(examples, "example"));
  if (!options.layers.empty()) write_layers(options.layers, engine, hidden, tokens);
  return kOk;
}

}  // namespace

void add_predict(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("predict", "Logits or embeddings of one plan, to check it from outside");
  const auto options = std::make_shared<Options>();
  Options& o = *options;
  command->add_option("--model", o.model, "A Hugging Face directory")->required();
  command->add_option("--plan", o.plan, "fp16, M1, M2, M3, hero-XXXXXX, zq-..., ptq-...")
      ->required();
  command->add_option("--input", o.input.file, "Text, one example a line (tabs part columns)")
      ->required();
  command->add_option("--output", o.output, "JSON lines: index, logits or embedding, tokens")
      ->required();
  auto* task = command->add_option("--task", o.task, "Use this task's fitted head");
  command->add_option("--head", o.head, "classify or embed")
      ->check(CLI::IsMember({"classify", "embed"}))
      ->excludes(task);
  command->add_option("--layers", o.layers,
                      "Also write every layer's input and the last output (safetensors)");
  command->add_option("--calibration", o.calibration, "Calibrated scales (safetensors)");
  command
      ->add_option("--max-length", o.input.max_length,
                   "Tokens of a sequence (default: the task's, else 256)")
      ->check(CLI::PositiveNumber);
  command->add_option("--text-columns", o.input.text_columns, "0, or 0,1 for pairs")
      ->delimiter(',')
      ->expected(1, 2);
  command->add_option("--backend", o.backend, "cpu (default), cuda or reference")
      ->check(CLI::IsMember({"cpu", "cuda", "reference"}));
  command->callback([options, &exit_code] { exit_code = predict(*options); });
}

}  // namespace herosweep::cli
