// What a sweep varies, as the configuration says it, before it meets a model.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/sweep/constraint.h"
#include "experiments/sweep/search.h"
#include "experiments/sweep/settings.h"
#include "experiments/sweep/trial.h"

namespace herosweep::sweep {

/// `where` fields are the place and path of a value, for errors that only the model reveals
/// ("file.yaml:12:5: sweep.plans[2]").

/// Schemes of some modules in some layers.
struct LayerSchemesSpec {
  std::string key;  // "0,11", "0-3", "-1"; "" for all layers
  std::vector<std::pair<quant::Module, quant::Scheme>> schemes;
  std::string where;
};

/// One plan of the list.
struct PlanSpec {
  std::string name;     // as written; of a named plan, the name itself
  std::string base;     // named plan it starts from
  bool custom = false;  // a map with a name of its own
  std::vector<LayerSchemesSpec> layers;
  std::vector<std::pair<std::string, std::string>> options;  // fixed: axes do not vary these
  std::string where;
};

/// `base` with one module of one layer at a time set to `to`.
struct PerLayerSpec {
  std::string base = "M3";
  std::vector<quant::Module> modules;
  quant::Scheme to = quant::Scheme::fp16;
  std::string where;
};

struct Axis {
  std::string name;                 // of a SettingKind
  std::vector<std::string> values;  // as the setting writes them
};

struct Space {
  /// Schemes of every module. A grid runs their product, a search chooses from it. Absent: neither.
  std::optional<std::array<std::vector<quant::Scheme>, quant::kModules>> modules;
  std::vector<PlanSpec> plans;
  std::vector<PerLayerSpec> per_layer;
  std::vector<Axis> axes;
  std::vector<Constraint> constraints;
  SearchSettings search;
  std::vector<quant::Plan> proposed;  // plans that a search has chosen so far
  Settings base;
  std::string where;
};

/// A sweep that is known to be well-formed; what is missing are facts about files.
struct SweepRequest {
  std::string name;
  std::string backend = "cpu";            // resolved
  std::filesystem::path model_directory;  // or a random model's locator
  std::string model_name;
  std::string model_where;
  std::vector<tasks::TaskSpec> tasks;
  std::vector<std::string> task_where;
  Space space;
  LatencySettings latency;
  std::string latency_where;
  Limits limits;
  int bootstrap_resamples = 2000;
  std::string config_text;
  std::string caption, label_prefix, notes;
};

/// What planning needs of a task's files.
struct TaskFacts {
  std::string data_hash;
  std::string tokenizer_hash;
};

/// What a search needs to make a sweep of the plans that it chooses.
struct SearchSource {
  SweepRequest request;
  ModelRef model;
  std::vector<TaskFacts> facts;
};

/// The variants and trials of `request`; of a search, those that run before it chooses, and the
/// source of the others. Throws ConfigError with every plan that the model cannot
/// have (a layer that is not there, groups that do not divide, a sequence too long).
Sweep expand(const SweepRequest& request, const ModelRef& model,
             const std::vector<TaskFacts>& facts);

/// Whether `plan` fulfils every constraint with the settings of a sweep that varies none.
bool keeps_constraints(const Space& space, const quant::Plan& plan);

}  // namespace herosweep::sweep
