// A plan: a scheme for every module, layer by layer, and the options that change its numbers.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/quant/scheme.h"

namespace herosweep::quant {

/// Schemes of one layer, indexed by Module (the `embedding` entry is not read).
struct LayerSchemes {
  std::array<Scheme, kModules> scheme{};
  Scheme operator[](Module m) const { return scheme[static_cast<size_t>(m)]; }
  Scheme& operator[](Module m) { return scheme[static_cast<size_t>(m)]; }
  bool operator==(const LayerSchemes&) const = default;
};

enum class ResidualFormat : uint8_t { follow_reader, fp16 };  // config: residual: int8 | fp16
enum class RangeKind : uint8_t { symmetric127, deepspeed };

/// Options beside the schemes. An option without effect on a plan is reset to its default by
/// `canonical`, so that an axis never runs the same thing twice.
struct PlanOptions {
  ResidualFormat residual = ResidualFormat::follow_reader;
  kernels::SoftmaxMode softmax = kernels::SoftmaxMode::rowmax;
  RangeKind range = RangeKind::symmetric127;
  int groups = 0;  // weight groups of group-wise schemes; 0 = hidden / 16; -1 = one row a group
  bool operator==(const PlanOptions&) const = default;
};

struct Plan {
  std::string name;  // canonical: "hero-110010", "zq-w8a8", or the user's; never part of identity
  Scheme embedding = Scheme::fp16;
  std::vector<LayerSchemes> layers;
  PlanOptions options;

  Scheme scheme(int layer, Module m) const {
    return m == Module::embedding ? embedding : layers[layer][m];
  }
  void set(int layer, Module m, Scheme s);
};

/// The plan called `name` (hero-XXXXXX, zq-*, ptq-*, aliases fp16, M1, M2, M3) for a model of
/// `layers` layers. The returned plan carries the canonical name. Throws PlanError with a
/// suggestion.
Plan named_plan(std::string_view name, int layers);

/// Every named plan: the 64 HERO plans in bit order, then ZeroQuant and PTQ ones.
std::vector<std::string> all_plan_names();

/// What tables print: "M1", "W8A8 ZeroQuant", else the canonical name.
std::string display_name(const std::string& canonical_name);

/// Canonical name of the uniform HERO plan these schemes form, or "" when they are none.
std::string hero_name(const Plan& plan);

/// Resolves layer keys "0,11", "0-3", "-1" against `layers`. Throws PlanError.
std::vector<int> parse_layer_key(std::string_view key, int layers);

/// Throws PlanError for an illegal scheme, or groups that do not divide an output size.
void validate(const Plan& plan, int hidden, int intermediate);

/// The same plan with options that have no effect set to their defaults. With `hidden`, the number
/// of groups that is the default for this model counts as the default.
Plan canonical(Plan plan, int hidden = 0);

/// Whether a plan reads calibration statistics (see calibration.h).
bool needs_calibration(const Plan& plan);

/// Whether CalibrationSettings::observer changes the plan's numbers: the static inputs of PTQ's
/// GEMMs are always averaged with momentum.
bool reads_observer(const Plan& plan);

/// The weakest execution of its modules.
Execution execution(const Plan& plan);

/// Everything but the name, for hashing and for the worker protocol.
nlohmann::json to_json(const Plan& plan);
/// The inverse; the name is that of a uniform HERO plan or "". Throws PlanError.
Plan plan_from_json(const nlohmann::json& json);

}  // namespace herosweep::quant
