#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

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
    variant.label = axes_text(space_, effective(variant));
    variant.plan_hash = plan_hash(variant);
    keep(std::move(variant), candidate, combination);
  }

 private:
  /// The settings of a variant with what has no effect at the sweep's own base, so that only what
  /// tells variants apart is in their label.
  Settings effective(const Variant& variant) const {
    Settings settings{variant.plan.options, variant.calibration, variant.seed};
    const Settings defaults;
    for (const Axis& axis : space_.axes) {
      const SettingKind& kind = *find_setting(axis.name);
      const bool reset = kind.get(settings) == kind.get(defaults);
      const bool offered = std::find(axis.values.begin(), axis.values.end(), kind.get(settings)) !=
                           axis.values.end();
      if (reset && !offered) kind.set(settings, kind.get(space_.base));
    }
    return settings;
  }

  bool dropped_by_constraint(const Candidate& candidate, const Settings& settings,
                             const Combination& combination) {
    for (const Constraint& constraint : space_.constraints) {
      const bool holds = constraint.holds(
          [&](const std::string& name) { return values_of(name, candidate.plan, settings); });
      if (holds) continue;
      sweep_.dropped.push_back(
          {candidate.plan.name, combination.text, "constraint: " + constraint.text()});
      return true;
    }
    return false;
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

  void keep(Variant variant, const Candidate& candidate, const Combination& combination) {
    const auto [known, is_new] = index_.try_emplace(variant.plan_hash, sweep_.variants.size());
    if (is_new) {
      ranks_.push_back(candidate.rank);
      sweep_.variants.push_back(std::move(variant));
      return;
    }
    Variant& kept = sweep_.variants[known->second];
    NameRank& rank = ranks_[known->second];
    std::string lost = variant.plan.name;
    if (candidate.rank > rank) {
      rank = candidate.rank;
      std::swap(kept.plan.name, lost);
    }
    if (lost == kept.plan.name && combination.text == kept.label) return;  // simply listed twice
    sweep_.dropped.push_back({lost, combination.text,
                              fmt::format("the same as {}{}", kept.plan.name,
                                          kept.label.empty() ? "" : " with " + kept.label)});
  }

  const Space& space_;
  const ModelRef& model_;
  Sweep& sweep_;
  std::vector<std::string>& problems_;
  std::map<std::string, size_t> index_;
  std::vector<NameRank> ranks_;
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
              request.latency,
              request.limits,
              request.bootstrap_resamples,
              request.config_text,
              request.caption,
              request.label_prefix,
              request.notes};
  std::vector<std::string> problems;
  check_lengths(request, model, problems);
  check_tasks(request, facts, problems);
  const std::vector<Combination> grid = combinations(request.space);
  Variants variants(request, model, sweep, problems);
  for (const Candidate& candidate : candidates(request.space, model.config.layers, problems)) {
    for (const Combination& combination : grid) variants.add(candidate, combination);
  }
  throw_if_any(problems);
  add_trials(sweep, facts);
  return sweep;
}

}  // namespace herosweep::sweep
