#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/util/error.h"
#include "experiments/sweep/candidates.h"
#include "experiments/sweep/identity.h"
#include "experiments/sweep/space.h"

namespace herosweep::sweep {
namespace {

// More is a slip of the pen, and would fill memory before anything could be said about it.
constexpr size_t kMaxCombinations = 100'000;

/// One choice of a value for every axis.
struct Combination {
  Settings settings;
  std::string text;  // "residual=fp16, seed=1"
};

size_t axes_size(const std::vector<Axis>& axes) {
  size_t size = 1;
  for (const Axis& axis : axes) size *= axis.values.size();
  return size;
}

std::string axes_text(const Space& space, const Settings& settings) {
  std::string text;
  for (const Axis& axis : space.axes) {
    const SettingKind& kind = *find_setting(axis.name);
    const std::string value = kind.get(settings);
    if (value == kind.get(space.base)) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", axis.name, value);
  }
  return text;
}

/// All combinations, the last axis fastest.
std::vector<Combination> combinations(const Space& space) {
  std::vector<Combination> result{{space.base, ""}};
  for (const Axis& axis : space.axes) {
    const SettingKind& kind = *find_setting(axis.name);
    std::vector<Combination> longer;
    for (const Combination& shorter : result) {
      for (const std::string& value : axis.values) {
        Combination next = shorter;
        kind.set(next.settings, value);
        longer.push_back(std::move(next));
      }
    }
    result = std::move(longer);
  }
  for (Combination& combination : result) combination.text = axes_text(space, combination.settings);
  return result;
}

std::set<std::string> values_of(const std::string& name, const quant::Plan& plan,
                                const Settings& settings) {
  const auto module = quant::parse_module(name);
  if (!module) return {find_setting(name)->get(settings)};
  std::set<std::string> schemes;
  for (int layer = 0; layer < static_cast<int>(plan.layers.size()); ++layer) {
    schemes.emplace(quant::name(plan.scheme(layer, *module)));
  }
  return schemes;
}

/// The constraint that the plan breaks with these settings, or null.
const Constraint* broken_constraint(const Space& space, const quant::Plan& plan,
                                    const Settings& settings) {
  const auto lookup = [&](const std::string& name) { return values_of(name, plan, settings); };
  for (const Constraint& constraint : space.constraints)
    if (!constraint.holds(lookup)) return &constraint;
  return nullptr;
}

/// Collects variants, each content once.
class Variants {
 public:
  Variants(const SweepRequest& request, const ModelRef& model, Sweep& sweep,
           std::vector<std::string>& problems)
      : space_(request.space), model_(model), sweep_(sweep), problems_(problems) {}

  void add(const Candidate& candidate, const Combination& combination) {
    Settings settings = combination.settings;
    for (const auto& [name, value] : candidate.fixed) find_setting(name)->set(settings, value);
    if (!candidate.baseline && dropped_by_constraint(candidate, settings, combination)) return;

    Variant variant;
    variant.plan = candidate.plan;
    variant.plan.options = settings.options;
    variant.calibration = settings.calibration;
    variant.seed = settings.seed;
    drop_ineffective_settings(variant, model_.config.hidden);
    if (!valid(variant, candidate)) return;
    variant.plan_hash = plan_hash(variant);
    const auto [known, is_new] = index_.try_emplace(variant.plan_hash, kept_.size());
    if (is_new) {
      kept_.push_back({candidate.rank, effective(settings, variant), {combination.text}});
      sweep_.variants.push_back(std::move(variant));
    } else {
      merge(known->second, candidate, effective(settings, variant), combination);
    }
  }

  /// Writes labels and what was merged; after the last `add`.
  void finish() {
    for (size_t i = 0; i < kept_.size(); ++i) {
      const Variant& variant = sweep_.variants[i];
      sweep_.variants[i].label = axes_text(space_, kept_[i].shown);
      const size_t repeats = kept_[i].combinations.size() - 1;
      if (repeats == 0) continue;
      sweep_.dropped.push_back(
          {variant.plan.name, variant.label,
           fmt::format("{} more combination{} of the axes change{} nothing", repeats,
                       repeats == 1 ? "" : "s", repeats == 1 ? "s" : "")});
    }
    for (const auto& [lost, index] : renamed_) {
      const std::string& name = sweep_.variants[index].plan.name;
      if (lost != name) sweep_.dropped.push_back({lost, "", "the same as " + name});
    }
  }

 private:
  struct Kept {
    NameRank rank;
    Settings shown;  // of the label: axes without effect stand at the sweep's base
    std::set<std::string> combinations;  // of the axes that came to the same
  };

  /// `asked`, with the axes that the plan ignores back at the sweep's base.
  Settings effective(Settings asked, const Variant& variant) const {
    const Settings used{variant.plan.options, variant.calibration, variant.seed};
    for (const Axis& axis : space_.axes) {
      const SettingKind& kind = *find_setting(axis.name);
      if (kind.get(asked) != kind.get(used)) kind.set(asked, kind.get(space_.base));
    }
    return asked;
  }

  bool dropped_by_constraint(const Candidate& candidate, const Settings& settings,
                             const Combination& combination) {
    const Constraint* broken = broken_constraint(space_, candidate.plan, settings);
    if (broken == nullptr) return false;
    sweep_.dropped.push_back(
        {candidate.plan.name, combination.text, "constraint: " + broken->text()});
    return true;
  }

  bool valid(const Variant& variant, const Candidate& candidate) {
    try {
      quant::validate(variant.plan, model_.config.hidden, model_.config.intermediate);
      return true;
    } catch (const PlanError& error) {
      const std::string line = fmt::format("{}: {}", candidate.where, error.what());
      if (problems_.empty() || problems_.back() != line) problems_.push_back(line);
      return false;
    }
  }

  /// The variant at `index` came up again, under the same name or another one.
  void merge(size_t index, const Candidate& candidate, const Settings& shown,
             const Combination& combination) {
    Kept& kept = kept_[index];
    std::string& name = sweep_.variants[index].plan.name;
    if (candidate.rank > kept.rank) {
      renamed_.emplace(name, index);
      kept.rank = candidate.rank;
      name = candidate.plan.name;
    } else if (candidate.plan.name != name) {
      renamed_.emplace(candidate.plan.name, index);
    }
    kept.combinations.insert(combination.text);
    forget_difference(kept.shown, shown);
  }

  /// Two values of an axis that came to the same have no effect: the label shows neither.
  void forget_difference(Settings& shown, const Settings& other) const {
    for (const Axis& axis : space_.axes) {
      const SettingKind& kind = *find_setting(axis.name);
      if (kind.get(shown) != kind.get(other)) kind.set(shown, kind.get(space_.base));
    }
  }

  const Space& space_;
  const ModelRef& model_;
  Sweep& sweep_;
  std::vector<std::string>& problems_;
  std::map<std::string, size_t> index_;
  std::vector<Kept> kept_;
  std::map<std::string, size_t> renamed_;  // names that were lost, and to which variant
};

void check_size(const SweepRequest& request) {
  const Space& space = request.space;
  const size_t plans = product_size(space) + space.plans.size() + space.per_layer.size() + 1;
  if (plans * axes_size(space.axes) > kMaxCombinations) {
    throw ConfigError(fmt::format(
        "{}: {} plans times {} combinations of axes; at most {} can be planned, split the sweep",
        space.where, plans, axes_size(space.axes), kMaxCombinations));
  }
}

/// What a search cannot do without, and what it does not do.
void check_search(const SweepRequest& request, std::vector<std::string>& problems) {
  const SearchSettings& search = request.space.search;
  if (search.kind == SearchKind::grid) return;
  const auto problem = [&](const char* what) {
    problems.push_back(fmt::format("{}.search: {}", request.space.where, what));
  };
  if (!request.space.modules)
    problem("chooses from sweep.modules; name the modules and their schemes there");
  if (!request.space.axes.empty())
    problem("does not vary axes; remove sweep.axes, or search once for each of their values");
  const auto has = [&](const char* name) {
    return std::find(search.objectives.begin(), search.objectives.end(), name) !=
           search.objectives.end();
  };
  if (!request.latency.enabled && (has("latency") || has("ratio")))
    problem("has latency among its objectives, and latency.enabled is false");
}

void check_lengths(const SweepRequest& request, const ModelRef& model,
                   std::vector<std::string>& problems) {
  const int positions = model.config.max_positions;
  for (int seq_len : request.latency.seq_len) {
    if (!request.latency.enabled || seq_len <= positions) continue;
    problems.push_back(fmt::format("{}.seq_len: {} tokens, but the model has {} positions",
                                   request.latency_where, seq_len, positions));
  }
  for (size_t i = 0; i < request.tasks.size(); ++i) {
    if (request.tasks[i].max_length <= positions) continue;
    problems.push_back(
        fmt::format("{}.max_length: {} tokens, but the model has {} positions; lower max_length",
                    request.task_where[i], request.tasks[i].max_length, positions));
  }
}

/// Two tasks that are the same in everything that counts would be the same trials.
void check_tasks(const SweepRequest& request, const std::vector<TaskFacts>& facts,
                 std::vector<std::string>& problems) {
  std::map<std::string, size_t> seen;
  for (size_t i = 0; i < request.tasks.size(); ++i) {
    const nlohmann::json identity{tasks::identity(request.tasks[i]), facts[i].data_hash};
    const auto [first, is_new] = seen.try_emplace(identity.dump(), i);
    if (is_new) continue;
    problems.push_back(fmt::format("{}: is the same as task {} in all that counts; remove one",
                                   request.task_where[i], request.tasks[first->second].name));
  }
}

void add_trials(Sweep& sweep, const std::vector<TaskFacts>& facts) {
  const auto source = calibration_source(sweep.tasks);
  for (size_t v = 0; v < sweep.variants.size(); ++v) {
    for (size_t t = 0; t < sweep.tasks.size(); ++t) {
      TrialRef trial;
      trial.identity_text = trial_identity(sweep.model, sweep.tasks, facts, t, source,
                                           sweep.variants[v], sweep.backend)
                                .dump();
      trial.trial_hash = canonical_hash(trial.identity());
      trial.task = sweep.tasks[t].name;
      trial.variant = static_cast<int>(v);
      sweep.trials.push_back(std::move(trial));
    }
  }
}

void throw_if_any(const std::vector<std::string>& problems) {
  if (!problems.empty()) throw ConfigError(fmt::format("{}", fmt::join(problems, "\n")));
}

}  // namespace

Sweep expand(const SweepRequest& request, const ModelRef& model,
             const std::vector<TaskFacts>& facts) {
  check_size(request);
  Sweep sweep{request.name,
              request.backend,
              model,
              request.tasks,
              {},
              {},
              {},
              {},
              request.latency,
              request.limits,
              request.bootstrap_resamples,
              request.config_text,
              request.caption,
              request.label_prefix,
              request.notes,
              nullptr};
  std::vector<std::string> problems;
  check_search(request, problems);
  check_lengths(request, model, problems);
  check_tasks(request, facts, problems);
  const std::vector<Combination> grid = combinations(request.space);
  Variants variants(request, model, sweep, problems);
  for (const Candidate& candidate : candidates(request.space, model.config.layers, problems)) {
    for (const Combination& combination : grid) variants.add(candidate, combination);
  }
  throw_if_any(problems);
  variants.finish();
  add_trials(sweep, facts);
  if (request.space.search.kind != SearchKind::grid)
    sweep.search = std::make_shared<const SearchSource>(SearchSource{request, model, facts});
  return sweep;
}

bool keeps_constraints(const Space& space, const quant::Plan& plan) {
  return broken_constraint(space, plan, space.base) == nullptr;
}

}  // namespace herosweep::sweep
