#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/engine/footprint.h"
#include "core/util/error.h"
#include "experiments/cli/command.h"
#include "experiments/cli/options.h"
#include "experiments/config/sweep_file.h"
#include "experiments/measure/resources.h"

namespace herosweep::cli {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kTokens = 128;  // of the pass whose activations are shown: the papers' length

struct Options {
  fs::path directory;
  std::string backend = "auto";
  bool all_plans = false;
  bool json = false;
};

struct PlanMemory {
  quant::Plan plan;
  engine::Footprint bytes;
};

struct Found {
  fs::path directory;
  std::string refusal;  // "" for a model that runs
  model::ModelSummary summary;
  bool has_tokenizer = false;
  std::vector<PlanMemory> plans;
};

/// The directory itself, or the folders in it that hold a config.json.
std::vector<fs::path> candidates(const fs::path& directory) {
  std::error_code ignored;
  if (!fs::is_directory(directory, ignored))
    throw EnvironmentError(directory.string() +
                           ": no such folder; name a Hugging Face directory, or a folder of them");
  if (fs::exists(directory / "config.json")) return {directory};
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory, ignored))
    if (fs::exists(entry.path() / "config.json", ignored)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  if (found.empty())
    throw EnvironmentError(directory.string() +
                           ": neither it nor a folder in it holds a config.json; `make fetch` gets "
                           "the quickstart's model");
  return found;
}

std::vector<std::string> shown_plans(bool all) {
  std::vector<std::string> names = quant::all_plan_names();
  if (all) return names;
  // Of the HERO plans those that have a name of their own.
  std::erase_if(names, [](const std::string& name) { return quant::display_name(name) == name; });
  return names;
}

Found examine(const fs::path& directory, const Options& options, const kernels::Backend& backend) {
  Found found;
  found.directory = directory;
  try {
    found.summary = model::inspect_bert(directory);
  } catch (const ModelError& error) {
    found.refusal = error.what();
    return found;
  }
  found.has_tokenizer = fs::exists(directory / "tokenizer.json");
  const model::BertConfig& config = found.summary.config;
  for (const std::string& name : shown_plans(options.all_plans)) {
    quant::Plan plan = quant::named_plan(name, config.layers);
    const auto bytes = engine::footprint(config, plan, backend, kTokens);
    found.plans.push_back({std::move(plan), bytes});
  }
  return found;
}

json to_json(const Found& found) {
  if (!found.refusal.empty())
    return {
        {"directory", found.directory.string()}, {"supported", false}, {"reason", found.refusal}};
  const model::BertConfig& config = found.summary.config;
  json plans = json::array();
  for (const PlanMemory& memory : found.plans)
    plans.push_back({{"plan", memory.plan.name},
                     {"shown_as", quant::display_name(memory.plan.name)},
                     {"execution", quant::name(quant::execution(memory.plan))},
                     {"weight_bytes", memory.bytes.weight_bytes},
                     {"activation_bytes", memory.bytes.activation_bytes}});
  return {{"directory", found.directory.string()},
          {"supported", true},
          {"family", "bert"},
          {"layers", config.layers},
          {"hidden", config.hidden},
          {"heads", config.heads},
          {"intermediate", config.intermediate},
          {"vocabulary", config.vocabulary},
          {"max_positions", config.max_positions},
          {"labels", config.labels},
          {"weights_hash", found.summary.weights_hash},
          {"pooler", found.summary.has_pooler},
          {"classifier", found.summary.has_classifier},
          {"tokenizer", found.has_tokenizer},
          {"tokens", kTokens},
          {"plans", std::move(plans)}};
}

void print_text(const Found& found) {
  if (!found.refusal.empty()) {
    fmt::print("{}: not supported\n  {}\n", found.directory.string(), found.refusal);
    return;
  }
  const model::BertConfig& config = found.summary.config;
  fmt::print("{}: supported\n", found.directory.string());
  fmt::print("  BERT encoder of {} layers, hidden {}, {} heads of {}, feed-forward {}\n",
             config.layers, config.hidden, config.heads, config.head_size(), config.intermediate);
  fmt::print("  {} token ids, {} positions, weights {}\n", config.vocabulary, config.max_positions,
             found.summary.weights_hash.substr(0, 12));
  std::string labels;
  for (const std::string& label : config.labels) labels += (labels.empty() ? "" : ", ") + label;
  fmt::print("  pooler: {}; classifier: {}\n", found.summary.has_pooler ? "yes" : "no",
             found.summary.has_classifier ? labels : "no (heads ridge, logistic and cosine work)");
  if (!found.has_tokenizer)
    fmt::print(
        "  tokenizer.json is missing: tasks need it; save_pretrained of a fast tokenizer "
        "writes it\n");
  const double fp16 = static_cast<double>(found.plans.front().bytes.weight_bytes);
  fmt::print("  {:<20} {:<12} {:>10} {:>8} {:>14}\n", "plan", "execution", "weights MB", "of fp16",
             "activations MB");
  for (const PlanMemory& memory : found.plans)
    fmt::print("  {:<20} {:<12} {:>10.1f} {:>7.0f}% {:>14.2f}\n",
               quant::display_name(memory.plan.name), quant::name(quant::execution(memory.plan)),
               memory.bytes.weight_bytes / 1e6, 100 * memory.bytes.weight_bytes / fp16,
               memory.bytes.activation_bytes / 1e6);
}

int list_models(const Options& options) {
  const std::string name = options.backend == "auto" ? config::auto_backend() : options.backend;
  const measure::Setting setting{options.directory, name, 1, cache_directory(), ""};
  const kernels::Backend& backend = measure::use_backend(setting);
  std::vector<Found> models;
  for (const fs::path& directory : candidates(options.directory))
    models.push_back(examine(directory, options, backend));
  json list = json::array();
  for (const Found& found : models) {
    if (options.json)
      list.push_back(to_json(found));
    else
      print_text(found);
  }
  if (options.json)
    fmt::print("{}\n", list.dump(2));
  else
    fmt::print("activations: of one sequence of {} tokens on backend {} ({})\n", kTokens,
               backend.name, measure::compute_dtype(backend));
  const bool any = std::any_of(models.begin(), models.end(),
                               [](const Found& found) { return found.refusal.empty(); });
  return any ? kOk : kEnvironment;
}

}  // namespace

void add_models(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "models", "What a directory of models holds, whether it runs, and each plan's memory");
  const auto options = std::make_shared<Options>();
  command
      ->add_option("directory", options->directory, "A Hugging Face directory, or a folder of them")
      ->required();
  command->add_option("--backend", options->backend, "auto (default), cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command->add_flag("--all-plans", options->all_plans, "All 70 plans, not only the named ones");
  command->add_flag("--json", options->json, "A JSON list instead of text");
  command->callback([options, &exit_code] { exit_code = list_models(*options); });
}

}  // namespace herosweep::cli
