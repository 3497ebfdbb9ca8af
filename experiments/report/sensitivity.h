// How much each module, and each module of each layer, costs and gains when it becomes INT8.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/quant/plan.h"
#include "experiments/report/rows.h"
#include "experiments/stats/stats.h"

namespace herosweep::report {

/// A quantity of every plan, with its noise.
struct Response {
  enum class Noise {
    exact,     // no replicates
    examples,  // bootstrap resamples of the examples
    rounds,    // one replicate a round of interleaved latencies
  };
  std::string metric;  // "value", "drift", "latency", "weight_bytes" or "peak_bytes"
  std::string title;   // "binary accuracy", "time, batch 1, 128 tokens, 1 thread"
  std::string unit;    // "" | "% of FP16" | "MB"
  int decimals = 4;
  Noise noise = Noise::exact;
  // By index into SensitivityPlans::plans. Value: NaN where it was not measured. Replicates: empty
  // there and where the quantity is exact, else all of one length and paired by position.
  std::vector<double> value;
  std::vector<std::vector<double>> replicates;
};

/// A weighted sum of plans' responses; its interval is 95 %.
struct Effect {
  double value = 0;
  std::optional<stats::Interval> interval;  // nothing for exact quantities
};

/// The plans that take part: those of one variant, and FP16.
struct SensitivityPlans {
  std::vector<PlanColumns> columns;
  std::vector<quant::Plan> plans;
  int layers = 0;
  /// Index of the uniform plan whose INT8 modules are the set bits (bit m: quant::Module m) and
  /// whose others are FP16; -1 where there is none.
  int uniform(uint32_t bits) const;
  std::map<uint32_t, int> by_bits;
};

struct ModuleEffects {
  quant::Module module = quant::Module::embedding;
  std::optional<Effect> alone_int8;  // this module INT8 in the FP16 plan
  std::optional<Effect> alone_fp16;  // this module FP16 in the all-INT8 plan
  std::optional<Effect> main;        // mean over the factorial: INT8 minus FP16
};

struct Interaction {
  quant::Module first = quant::Module::embedding, second = quant::Module::embedding;
  Effect effect;  // half the difference between the first's effects with the second INT8 and FP16
};

/// FP16's response plus the effects of every INT8 module alone, on plans with two or more.
struct AdditivePredictor {
  struct Miss {
    int plan = 0;
    double actual = 0, predicted = 0;
    bool beyond_noise = false;  // the interval of actual - predicted leaves out 0
  };
  int plans = 0;
  double mean_error = 0, largest_error = 0;  // absolute
  int beyond_noise = 0;
  std::vector<Miss> worst;  // most misjudged first
};

/// Changes against a uniform plan when one module of one layer is set to another scheme.
struct LayerMap {
  std::string base;  // display name
  quant::Scheme to = quant::Scheme::int8;
  struct Row {
    std::string name;  // a module, or "whole layer": every module of it
    std::vector<std::optional<Effect>> layers;
  };
  std::vector<Row> rows;  // those with some effect
};

struct ResponseSensitivity {
  Response response;
  std::vector<quant::Module> factors;  // of the full factorial; fewer than two: there is none
  std::vector<ModuleEffects> modules;  // those with some effect
  std::vector<Interaction> interactions;
  std::optional<double> explained;  // share of the factorial's variance that main effects fit
  std::optional<AdditivePredictor> additive;
  std::vector<LayerMap> layer_maps;
};

struct Sensitivity {
  SensitivityPlans plans;
  std::vector<ResponseSensitivity> responses;
};

/// Without responses when no two plans differ by one module alone. Throws ConfigError for an
/// unknown metric or variant.
Sensitivity find_sensitivity(store::Store& store, const Snapshot& snapshot,
                             const SensitivityOptions& options);
/// The same; throws StoreError when there would be no response.
Sensitivity analyse_sensitivity(store::Store& store, const Snapshot& snapshot,
                                const SensitivityOptions& options);

// Its parts, each in a file of its own.

/// Plans of the snapshot whose variant is `variant`, and FP16.
SensitivityPlans sensitivity_plans(store::Store& store, const Snapshot& snapshot,
                                   const std::string& variant);
/// What was measured of them, in the order of SensitivityOptions::metrics.
std::vector<Response> responses(store::Store& store, const Snapshot& snapshot,
                                const SensitivityPlans& plans, const SensitivityOptions& options);
/// Sum of weight * response over (plan, weight) terms; nothing where one was not measured.
std::optional<Effect> effect(const Response& response,
                             const std::vector<std::pair<int, double>>& terms);
ResponseSensitivity module_effects(const SensitivityPlans& plans, Response response);
std::optional<AdditivePredictor> additive_predictor(const SensitivityPlans& plans,
                                                    const Response& response);
std::vector<LayerMap> layer_maps(const SensitivityPlans& plans, const Response& response);

}  // namespace herosweep::report
