#include "experiments/sweep/identity.h"

#include <nlohmann/json.hpp>

#include "experiments/tasks/synthetic.h"

namespace herosweep::sweep {
namespace {

using nlohmann::json;

json calibration_identity(const std::vector<tasks::TaskSpec>& tasks,
                          const std::vector<TaskFacts>& facts, std::optional<size_t> source,
                          const Variant& variant) {
  json identity{{"settings", quant::to_json(variant.calibration)}};
  if (source) {
    const tasks::TaskSpec& spec = tasks[*source];
    identity["data"] = facts[*source].data_hash;
    identity["max_length"] = spec.max_length;
    identity["pairs_apart"] = spec.head == tasks::HeadKind::cosine;
  }
  return identity;
}

}  // namespace

void drop_ineffective_settings(Variant& variant, int hidden) {
  variant.plan = quant::canonical(std::move(variant.plan), hidden);
  const quant::CalibrationSettings defaults;
  quant::CalibrationSettings& calibration = variant.calibration;
  if (!quant::needs_calibration(variant.plan)) {
    calibration = defaults;
    variant.seed = 0;
    return;
  }
  if (!quant::reads_observer(variant.plan)) calibration.observer = defaults.observer;
  if (calibration.observer != quant::ObserverKind::percentile) {
    calibration.percentile = defaults.percentile;
  }
  calibration.seed = variant.seed;
}

std::string plan_hash(const Variant& variant) {
  json identity{{"plan", quant::to_json(variant.plan)}, {"seed", variant.seed}};
  if (quant::needs_calibration(variant.plan)) {
    identity["calibration"] = quant::to_json(variant.calibration);
  }
  return canonical_hash(identity);
}

std::optional<size_t> calibration_source(const std::vector<tasks::TaskSpec>& tasks) {
  for (size_t i = 0; i < tasks.size(); ++i) {
    const bool split = tasks[i].split_rule == tasks::SplitRule::sha256_mod5;
    const bool random = tasks[i].format == tasks::kRandomIds;
    if (split || random || tasks[i].files.count(tasks[i].train_split) > 0) return i;
  }
  return std::nullopt;
}

json trial_identity(const ModelRef& model, const std::vector<tasks::TaskSpec>& tasks,
                    const std::vector<TaskFacts>& facts, size_t task, std::optional<size_t> source,
                    const Variant& variant, const std::string& backend) {
  json identity{{"weights", model.weights_hash},
                {"task", tasks::identity(tasks[task])},
                {"data", facts[task].data_hash},
                {"tokenizer", facts[task].tokenizer_hash},
                {"plan", quant::to_json(variant.plan)},
                {"seed", variant.seed},
                {"backend", backend},
                {"numerics", kNumericsVersion}};
  if (quant::needs_calibration(variant.plan)) {
    identity["calibration"] = calibration_identity(tasks, facts, source, variant);
  }
  return identity;
}

json TrialRef::identity() const { return json::parse(identity_text); }

}  // namespace herosweep::sweep
