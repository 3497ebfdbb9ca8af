#include "experiments/config/sweep_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/config/baseline_codec.h"
#include "experiments/config/codecs.h"
#include "experiments/config/plan_codec.h"
#include "experiments/config/space_fields.h"
#include "experiments/config/task_file.h"
#include "kernels/cuda/cuda.h"

namespace herosweep::config {
namespace {

using nlohmann::json;
using quant::CalibrationSettings;
using sweep::LatencySettings;
using sweep::Limits;
using sweep::SweepRequest;

struct ModelSection {
  std::filesystem::path path;
  std::string family = "bert";
  std::string name;
  std::string weights = "checkpoint";
  int seed = 0;
  model::BertConfig shape = [] {
    model::BertConfig config;
    config.vocabulary = 30522;
    config.max_positions = 512;
    config.type_vocabulary = 2;
    return config;
  }();
};

template <int model::BertConfig::*member>
Field<ModelSection> size_field(const char* name, const char* doc) {
  return custom_field<ModelSection>(
      name,
      [](const Cursor& at, ModelSection& section) {
        return Integer<>{1, 1 << 20}.read(at, section.shape.*member);
      },
      [] {
        return Integer<>{1, 1 << 20}.schema();
      },
      doc);
}

const std::vector<Field<ModelSection>>& model_fields() {
  using model::BertConfig;
  static const std::vector<Field<ModelSection>> fields{
      field("path", &ModelSection::path, PathName{},
            "A Hugging Face directory: config.json, model.safetensors, tokenizer.json."),
      field("family", &ModelSection::family, Choice<std::string>{{{"bert", "bert"}}},
            "The architecture."),
      field("name", &ModelSection::name, Text{false},
            "What tables call the model; default the directory's name."),
      field("weights", &ModelSection::weights,
            Choice<std::string>{{{"checkpoint", "checkpoint"}, {"random", "random"}}},
            "random: a model of the shape below instead of a path, for latency studies."),
      field("seed", &ModelSection::seed, Integer<>{0, 1 << 30}, "Of random weights."),
      size_field<&BertConfig::layers>("layers", "Layers of a random model."),
      size_field<&BertConfig::hidden>("hidden", "Hidden size of a random model."),
      size_field<&BertConfig::heads>("heads", "Attention heads of a random model."),
      size_field<&BertConfig::intermediate>("intermediate",
                                            "Feed-forward width of a random model."),
      size_field<&BertConfig::vocabulary>("vocabulary", "Token ids of a random model."),
      size_field<&BertConfig::max_positions>("max_positions",
                                             "Longest sequence of a random model."),
  };
  return fields;
}

bool read_random_model(const Cursor& at, const ModelSection& section, SweepRequest& request) {
  if (!section.path.empty())
    return at.problem("a random model has no path; remove one of path and weights");
  const model::BertConfig& shape = section.shape;
  if (shape.layers < 1 || shape.hidden < 1 || shape.heads < 1 || shape.intermediate < 1)
    return at.problem("a random model needs layers, hidden, heads and intermediate");
  if (shape.hidden % shape.heads != 0)
    return at.problem(
        fmt::format("{} heads do not divide hidden size {}", shape.heads, shape.hidden));
  if (!request.tasks.empty())
    return at.problem("a random model has no tokenizer: remove tasks, its token ids are random");
  request.model_directory = model::random_locator(shape, static_cast<uint64_t>(section.seed));
  const std::string name =
      section.name.empty() ? fmt::format("bert-{}x{}", shape.layers, shape.hidden) : section.name;
  request.model_name = name + " (synthetic weights)";
  request.tasks = {tasks::synthetic_task(shape.vocabulary, std::min(128, shape.max_positions))};
  request.task_where = {at.where()};
  return true;
}

bool read_model(const Cursor& at, SweepRequest& request) {
  ModelSection section;
  request.model_where = at.where();
  if (!read_fields(at, model_fields(), section)) return false;
  if (section.weights == "random") return read_random_model(at, section, request);
  if (section.path.empty()) return at.problem("path is missing: the checkpoint's directory");
  request.model_directory = section.path;
  // "models/x/" names the directory x, too.
  const auto last = section.path.has_filename() ? section.path : section.path.parent_path();
  request.model_name = section.name.empty() ? last.filename().string() : section.name;
  return true;
}

bool read_backend(const Cursor& at, SweepRequest& request) {
  const int word = read_word(at, {"auto", "cpu", "cuda"});
  if (word < 0) return false;
  const auto cuda = kernels::cuda_status();
  if (word == 2 && !cuda.usable) return at.problem(cuda.reason);
  request.backend = word == 0 ? auto_backend() : word == 1 ? "cpu" : "cuda";
  return true;
}

/// The observer and its argument: percentile(99.9).
bool read_observer(const Cursor& at, CalibrationSettings& calibration) {
  sweep::Settings settings;
  const auto& kind = *sweep::find_setting("calibration.observer");
  std::string text;
  if (!SettingValue{&kind}.read(at, text)) return false;
  kind.set(settings, text);
  calibration.observer = settings.calibration.observer;
  calibration.percentile = settings.calibration.percentile;
  return true;
}

json observer_schema() {
  json schema = SettingValue{sweep::find_setting("calibration.observer")}.schema();
  schema["default"] = quant::observer_text(CalibrationSettings{});
  return schema;
}

Integer<> range_of(std::string_view setting) {
  const auto& kind = *sweep::find_setting(setting);
  return {kind.low, kind.high};
}

const std::vector<Field<CalibrationSettings>>& calibration_fields() {
  static const std::vector<Field<CalibrationSettings>> fields{
      field("batches", &CalibrationSettings::batches, range_of("calibration.batches"),
            "Batches of training text that scales are calibrated on."),
      field("batch_size", &CalibrationSettings::batch_size, range_of("calibration.batch_size"),
            "Sequences in a batch."),
      field("seq_len", &CalibrationSettings::seq_len, range_of("calibration.seq_len"),
            "Tokens that a sequence is truncated at."),
      custom_field<CalibrationSettings>(
          "observer", read_observer, observer_schema,
          "What reduces a tensor to its amax: absmax, percentile(P), momentum or mse."),
      field("seed", &CalibrationSettings::seed, Integer<uint64_t>{0, INT32_MAX},
            "Draws the rows; the axis `seed` replaces it."),
  };
  return fields;
}

bool read_calibration(const Cursor& at, SweepRequest& request) {
  sweep::Settings& base = request.space.base;
  const bool good = read_fields(at, calibration_fields(), base.calibration);
  base.seed = base.calibration.seed;
  return good;
}

bool read_space(const Cursor& at, SweepRequest& request) {
  request.space.where = at.where();
  return read_fields(at, space_fields(), request.space);
}

const std::vector<Field<LatencySettings>>& latency_fields() {
  // A 95 % interval of a median needs six samples.
  constexpr int kFewestRounds = 6;
  using Numbers = ListOf<Integer<>, int>;
  static const std::vector<Field<LatencySettings>> fields{
      field("enabled", &LatencySettings::enabled, Boolean{}, "false: accuracy only."),
      field("batch", &LatencySettings::batch, Numbers{{1, 4096}}, "Sequences in a batch."),
      field("seq_len", &LatencySettings::seq_len, Numbers{{1, 8192}}, "Tokens in a sequence."),
      field("threads", &LatencySettings::threads, Numbers{{1, 1024}}, "Threads of one pass."),
      field("rounds", &LatencySettings::rounds, Numbers{{kFewestRounds, 1'000'000}, false},
            "Rounds in which every plan runs once: one number, or one for every batch."),
      field("max_seconds", &LatencySettings::max_seconds, Number{},
            "Longest time of one group; 0: no limit."),
      field(
          "baselines", &LatencySettings::baselines, ListOf<Baseline, sweep::Peer>{Baseline{}},
          "What every round also measures: fp16 (this engine's own, always), torch-eager, "
          "torch-compile, "
          "or a program {name, command, check} that prints \"ready\" and answers \"run N\" with N "
          "latencies in ns."),
  };
  return fields;
}

bool read_latency(const Cursor& at, SweepRequest& request) {
  LatencySettings& latency = request.latency;
  request.latency_where = at.where();
  if (!read_fields(at, latency_fields(), latency)) return false;
  if (latency.rounds.size() == 1 || latency.rounds.size() == latency.batch.size()) return true;
  const Member* rounds = at.value.find("rounds");
  return at.member(*rounds).problem(
      fmt::format("{} numbers of rounds for {} batches; give one, or one for every batch",
                  latency.rounds.size(), latency.batch.size()));
}

const std::vector<Field<Limits>>& limits_fields() {
  static const std::vector<Field<Limits>> fields{
      field("metric_drop", &Limits::metric_drop, Number{0, 100},
            "Largest loss of the task metric, in points (metric times 100), of plans that a search "
            "builds upon; 0: any. The option --metric-drop of `pareto` is its own."),
      field("timeout", &Limits::timeout_seconds, Duration{}, "Longest time of one trial."),
  };
  return fields;
}

const std::vector<Field<SweepRequest>>& export_fields() {
  static const std::vector<Field<SweepRequest>> fields{
      field("caption", &SweepRequest::caption, Text{}, "Caption of exported tables."),
      field("label", &SweepRequest::label_prefix, Text{},
            "LaTeX label of exported tables, as in tab:minilm."),
      field("notes", &SweepRequest::notes, Text{}, "Text below exported tables."),
  };
  return fields;
}

bool read_task_list(const Cursor& at, SweepRequest& request) {
  if (model::is_random(request.model_directory))
    return at.problem("a random model has no tokenizer: remove tasks, its token ids are random");
  std::vector<LocatedTask> located;
  const bool good = read_tasks(at, located);
  for (LocatedTask& task : located) {
    request.tasks.push_back(std::move(task.spec));
    request.task_where.push_back(std::move(task.where));
  }
  return good;
}

json backend_schema() { return {{"enum", {"auto", "cpu", "cuda"}}, {"default", "auto"}}; }

template <class Owner>
std::function<json()> schema_of(const std::vector<Field<Owner>>& (*fields)()) {
  return [fields] { return fields_schema(fields()); };
}

std::vector<Field<SweepRequest>> make_fields() {
  return {
      field("name", &SweepRequest::name, Identifier{},
            "What the sweep is called; default the file's name."),
      custom_field<SweepRequest>("model", read_model, schema_of(model_fields), "The checkpoint.")
          .must_be_given(),
      custom_field<SweepRequest>("tasks", read_task_list, tasks_schema,
                                 "Names of tasks, or maps {name, ...} that change some keys. A "
                                 "random model has none."),
      custom_field<SweepRequest>("backend", read_backend, backend_schema,
                                 "What runs the plans; auto: the fastest that is there."),
      custom_field<SweepRequest>("calibration", read_calibration, schema_of(calibration_fields),
                                 "How static scales are found."),
      custom_field<SweepRequest>("sweep", read_space, schema_of(space_fields),
                                 "What is varied. The FP16 plan always runs.")
          .must_be_given(),
      custom_field<SweepRequest>("latency", read_latency, schema_of(latency_fields),
                                 "What is timed."),
      field("limits", &SweepRequest::limits, Section<Limits>{limits_fields},
            "Bounds of trials and of the metric."),
      field("bootstrap", &SweepRequest::bootstrap_resamples, Integer<>{100, 1'000'000},
            "Resamples of bootstrapped intervals."),
      custom_field<SweepRequest>(
          "export",
          [](const Cursor& at, SweepRequest& request) {
            return read_fields(at, export_fields(), request);
          },
          schema_of(export_fields), "Texts of exported tables."),
  };
}

}  // namespace

std::string auto_backend() { return kernels::cuda_status().usable ? "cuda" : "cpu"; }

const std::vector<Field<SweepRequest>>& sweep_file_fields() {
  static const std::vector<Field<SweepRequest>> fields = make_fields();
  return fields;
}

}  // namespace herosweep::config
