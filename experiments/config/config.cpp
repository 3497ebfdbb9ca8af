#include "experiments/config/config.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/model/bert.h"
#include "core/util/error.h"
#include "experiments/config/compose.h"
#include "experiments/config/sweep_file.h"
#include "experiments/config/task_file.h"

namespace herosweep::config {
namespace {

namespace fs = std::filesystem;

/// The keys that compose files are gone before fields are read; editors must know them all the
/// same, in every map.
nlohmann::json file_names_schema() {
  const nlohmann::json file{{"type", "string"}};
  return {{"anyOf", {file, {{"type", "array"}, {"items", file}}}},
          {"description", "Files whose keys this file's keys go over."}};
}

void allow_includes(nlohmann::json& schema) {
  if (schema.is_object() && schema.contains("properties"))
    schema["properties"]["include"] = file_names_schema();
  if (schema.is_structured())
    for (auto& [key, part] : schema.items())
      if (key != "include") allow_includes(part);
}

nlohmann::json file_schema(nlohmann::json schema, const char* title) {
  allow_includes(schema);
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = title;
  schema["properties"]["defaults"] = file_names_schema();
  // An included file may give what this one lacks.
  if (schema.contains("required")) {
    schema["x-required"] = schema["required"];
    schema.erase("required");
  }
  return schema;
}

model::ModelSummary inspect(const sweep::SweepRequest& request) {
  try {
    return model::inspect_bert(request.model_directory);
  } catch (const ModelError& error) {
    // The folder that configs/ names and `make fetch` fills.
    const bool fetched = request.model_directory.filename() == "minilm-l6" &&
                         !std::filesystem::exists(request.model_directory);
    throw ModelError(fmt::format("{}: {}{}", request.model_where, error.what(),
                                 fetched ? "; `make fetch` gets this one" : ""));
  }
}

void check_heads(const sweep::SweepRequest& request, const model::ModelSummary& summary) {
  std::string text;
  for (size_t i = 0; i < request.tasks.size(); ++i) {
    if (request.tasks[i].head != tasks::HeadKind::classifier || summary.has_classifier) continue;
    text += fmt::format(
        "{}{}: needs the checkpoint's classifier, and {} has none; set head: ridge, logistic or "
        "cosine",
        text.empty() ? "" : "\n", request.task_where[i], request.model_directory.string());
  }
  if (!text.empty()) throw ConfigError(text);
}

std::vector<sweep::Peer> peers(const sweep::LatencySettings& latency) {
  std::vector<sweep::Peer> peers;
  for (const sweep::Peer& baseline : latency.baselines)
    if (latency.enabled && baseline.is_outside()) peers.push_back(sweep::resolved(baseline));
  return peers;
}

/// Such a model brings a task of its own.
bool asks_for_random_weights(const Value& root) {
  const Member* model = root.find("model");
  const Member* weights = model == nullptr ? nullptr : model->value.find("weights");
  return weights != nullptr && weights->value.text == "random";
}

}  // namespace

sweep::SweepRequest parse(const fs::path& file, const std::vector<std::string>& overrides) {
  Problems problems;
  Value root = load_tree(file, {}, problems);
  // Without a tree every field would be "missing"; the reason is already there.
  if (root.kind == Value::Kind::null) problems.throw_if_any();
  for (const std::string& assignment : overrides) apply_override(root, assignment, problems);
  substitute_environment(root, problems);
  sweep::SweepRequest request;
  request.backend = auto_backend();
  request.name = file.stem().string();
  read_fields(Cursor{root, "", problems}, sweep_file_fields(), request);
  if (root.find("tasks") == nullptr && !asks_for_random_weights(root))
    problems.add(root.place, "tasks",
                 "is missing: Names of tasks, or maps {name, ...} that change some keys.");
  problems.throw_if_any();
  request.config_text = to_yaml(root);
  return request;
}

sweep::Sweep load_sweep(const fs::path& file, const std::vector<std::string>& overrides) {
  const sweep::SweepRequest request = parse(file, overrides);
  const model::ModelSummary summary = inspect(request);
  check_heads(request, summary);
  std::vector<sweep::TaskFacts> facts(request.tasks.size());
  for (size_t i = 0; i < facts.size(); ++i) {
    tasks::hash_inputs(request.tasks[i], request.model_directory, facts[i].data_hash,
                       facts[i].tokenizer_hash);
  }
  const sweep::ModelRef model{request.model_directory, request.model_name, summary.weights_hash,
                              summary.config};
  sweep::Sweep sweep = sweep::expand(request, model, facts);
  sweep.peers = peers(sweep.latency);
  return sweep;
}

nlohmann::json schema() {
  return file_schema(fields_schema(sweep_file_fields()), "HeroSweep sweep file");
}

nlohmann::json task_schema() {
  return file_schema(fields_schema(task_fields()), "HeroSweep task file");
}

}  // namespace herosweep::config
