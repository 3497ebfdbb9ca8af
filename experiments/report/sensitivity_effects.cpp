// Effects of whole modules: one at a time, over the full factorial, and how well they add up.
#include <algorithm>
#include <bit>
#include <cmath>

#include "experiments/report/sensitivity.h"
#include "experiments/stats/factorial.h"

namespace herosweep::report {

namespace {

constexpr uint32_t kAllBits = (uint32_t{1} << quant::kModules) - 1;
constexpr size_t kShownMisses = 5;
// Exact quantities are whole bytes: what is left of a sum of 64 of them below this share is the
// rounding of its terms, and no effect.
constexpr double kRoundingNoise = 1e-7;

uint32_t bit_of(quant::Module module) { return uint32_t{1} << static_cast<int>(module); }

bool is_measured(const Response& response, int plan) {
  return plan >= 0 && !std::isnan(response.value[static_cast<size_t>(plan)]);
}

/// second - first.
std::optional<Effect> difference(const Response& response, int first, int second) {
  return effect(response, {{second, 1.0}, {first, -1.0}});
}

/// Indices of plans [2^k], factor i INT8 where bit i of the index is set.
struct Factorial {
  std::vector<quant::Module> factors;
  std::vector<int> plans;
};

/// The plans of every combination of the modules in `mask`, the others FP16; empty when one is
/// missing.
Factorial factorial_over(const SensitivityPlans& plans, const Response& response, uint32_t mask) {
  Factorial result;
  for (const quant::Module module : quant::kAllModules)
    if (mask & bit_of(module)) result.factors.push_back(module);
  for (uint32_t run = 0; run < uint32_t{1} << result.factors.size(); ++run) {
    uint32_t bits = 0;
    for (size_t i = 0; i < result.factors.size(); ++i)
      if (run >> i & 1) bits |= bit_of(result.factors[i]);
    const int plan = plans.uniform(bits);
    if (!is_measured(response, plan)) return {};
    result.plans.push_back(plan);
  }
  return result;
}

/// The largest one that was measured.
Factorial largest_factorial(const SensitivityPlans& plans, const Response& response) {
  Factorial best;
  for (uint32_t mask = 0; mask <= kAllBits; ++mask) {
    if (std::popcount(mask) < 2 || static_cast<size_t>(std::popcount(mask)) <= best.factors.size())
      continue;
    Factorial found = factorial_over(plans, response, mask);
    if (!found.plans.empty()) best = std::move(found);
  }
  return best;
}

std::optional<Effect> factorial_effect(const Response& response, const Factorial& design,
                                       uint32_t mask) {
  const auto weights = stats::effect_weights(static_cast<int>(design.factors.size()), mask);
  std::vector<std::pair<int, double>> terms;
  for (size_t run = 0; run < weights.size(); ++run)
    terms.emplace_back(design.plans[run], weights[run]);
  return effect(response, terms);
}

std::vector<Interaction> interactions(const Response& response, const Factorial& design) {
  std::vector<Interaction> found;
  for (size_t i = 0; i < design.factors.size(); ++i)
    for (size_t j = i + 1; j < design.factors.size(); ++j)
      found.push_back({design.factors[i], design.factors[j],
                       *factorial_effect(response, design, uint32_t{1} << i | uint32_t{1} << j)});
  return found;
}

/// 1 - residual over total sum of squares of the main-effects fit; nothing for a constant.
std::optional<double> explained_share(const Response& response, const Factorial& design) {
  std::vector<double> values;
  for (const int plan : design.plans) values.push_back(response.value[static_cast<size_t>(plan)]);
  const std::vector<double> fit = stats::additive_fit(values);
  double mean = 0;
  for (const double value : values) mean += value / static_cast<double>(values.size());
  double total = 0, residual = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    total += (values[i] - mean) * (values[i] - mean);
    residual += (values[i] - fit[i]) * (values[i] - fit[i]);
  }
  return total > 0 ? std::optional(1 - residual / total) : std::nullopt;
}

/// Weights of actual - predicted: y(plan) - y(fp16) - sum over its modules of (y(alone) - y(fp16)).
/// Empty where a module was not measured alone.
std::vector<std::pair<int, double>> miss_terms(const SensitivityPlans& plans,
                                               const Response& response, uint32_t bits, int plan) {
  std::vector<std::pair<int, double>> terms{{plan, 1.0}};
  for (const quant::Module module : quant::kAllModules) {
    if (!(bits & bit_of(module))) continue;
    const int alone = plans.uniform(bit_of(module));
    if (!is_measured(response, alone)) return {};
    terms.emplace_back(alone, -1.0);
  }
  terms.emplace_back(plans.uniform(0), std::popcount(bits) - 1.0);
  return terms;
}

bool leaves_out_zero(const Effect& effect) {
  if (!effect.interval) return effect.value != 0;
  return effect.interval->low > 0 || effect.interval->high < 0;
}

}  // namespace

std::optional<Effect> effect(const Response& response,
                             const std::vector<std::pair<int, double>>& terms) {
  Effect result;
  double size = 0;  // of the terms
  std::vector<double> replicates;
  for (const auto& [plan, weight] : terms) {
    if (!is_measured(response, plan)) return std::nullopt;
    const double term = weight * response.value[static_cast<size_t>(plan)];
    result.value += term;
    size += std::abs(term);
    const auto& own = response.replicates[static_cast<size_t>(plan)];
    replicates.resize(own.size());
    for (size_t i = 0; i < own.size(); ++i) replicates[i] += weight * own[i];
  }
  if (response.noise == Response::Noise::examples) {
    result.interval = stats::percentile_interval(std::move(replicates));
  } else if (response.noise == Response::Noise::rounds) {
    result.value = stats::median(replicates);
    result.interval = stats::median_interval(std::move(replicates));
  } else if (std::abs(result.value) < kRoundingNoise * size) {
    result.value = 0;
  }
  return result;
}

ResponseSensitivity module_effects(const SensitivityPlans& plans, Response response) {
  ResponseSensitivity result;
  const Factorial design = largest_factorial(plans, response);
  result.factors = design.factors;
  for (const quant::Module module : quant::kAllModules) {
    const uint32_t bit = bit_of(module);
    ModuleEffects effects{module, {}, {}, {}};
    effects.alone_int8 = difference(response, plans.uniform(0), plans.uniform(bit));
    effects.alone_fp16 =
        difference(response, plans.uniform(kAllBits), plans.uniform(kAllBits & ~bit));
    const auto factor = std::find(design.factors.begin(), design.factors.end(), module);
    if (factor != design.factors.end())
      effects.main =
          factorial_effect(response, design, uint32_t{1} << (factor - design.factors.begin()));
    if (effects.alone_int8 || effects.alone_fp16 || effects.main) result.modules.push_back(effects);
  }
  if (!design.plans.empty()) {
    result.interactions = interactions(response, design);
    result.explained = explained_share(response, design);
  }
  result.response = std::move(response);
  return result;
}

std::optional<AdditivePredictor> additive_predictor(const SensitivityPlans& plans,
                                                    const Response& response) {
  if (!is_measured(response, plans.uniform(0))) return std::nullopt;
  AdditivePredictor predictor;
  std::vector<AdditivePredictor::Miss> misses;
  for (const auto& [bits, plan] : plans.by_bits) {
    if (std::popcount(bits) < 2 || !is_measured(response, plan)) continue;
    const auto terms = miss_terms(plans, response, bits, plan);
    if (terms.empty()) continue;
    const Effect miss = *effect(response, terms);
    const double actual = response.value[static_cast<size_t>(plan)];
    misses.push_back({plan, actual, actual - miss.value, leaves_out_zero(miss)});
    ++predictor.plans;
    predictor.mean_error += std::abs(miss.value);
    predictor.largest_error = std::max(predictor.largest_error, std::abs(miss.value));
    predictor.beyond_noise += misses.back().beyond_noise;
  }
  if (misses.empty()) return std::nullopt;
  predictor.mean_error /= predictor.plans;
  std::erase_if(misses, [](const auto& miss) { return miss.actual == miss.predicted; });
  std::stable_sort(misses.begin(), misses.end(), [](const auto& a, const auto& b) {
    return std::abs(a.actual - a.predicted) > std::abs(b.actual - b.predicted);
  });
  misses.resize(std::min(misses.size(), kShownMisses));
  predictor.worst = std::move(misses);
  return predictor;
}

}  // namespace herosweep::report
