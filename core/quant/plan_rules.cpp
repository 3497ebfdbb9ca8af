// What follows from a plan's schemes: legality, the options that matter, calibration, execution.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/quant/plan.h"
#include "core/util/error.h"

namespace herosweep::quant {
namespace {

[[noreturn]] void illegal(const Plan& plan, const std::string& where, const std::string& what) {
  throw PlanError(fmt::format("plan '{}': {}: {}", plan.name, where, what));
}

std::string place(int layer, Module module) {
  if (module == Module::embedding) return "embedding";
  return fmt::format("layer {}, {}", layer, name(module));
}

SchemeTraits legal_traits(const Plan& plan, int layer, Module module) {
  const Scheme scheme = plan.scheme(layer, module);
  if (const auto found = traits(module, scheme)) return *found;
  std::string legal;
  for (Scheme s : legal_schemes(module)) {
    legal += legal.empty() ? "" : ", ";
    legal += name(s);
  }
  illegal(plan, place(layer, module),
          fmt::format("scheme {} is not possible here; use one of {}", name(scheme), legal));
}

/// True when `property` holds for the traits of any module in any layer.
template <class Property>
bool any_module(const Plan& plan, Property property) {
  for (int layer = 0; layer < static_cast<int>(plan.layers.size()); ++layer) {
    for (Module module : kAllModules) {
      if (property(module, legal_traits(plan, layer, module))) return true;
    }
  }
  return false;
}

bool quantizes(const SchemeTraits& t) {
  return t.weight != kernels::ElementType::f32 || t.input != InputFormat::floating;
}

void check_groups(const Plan& plan, const std::string& where, int outputs, int hidden) {
  const int asked = plan.options.groups;
  if (asked == -1) return;
  if (asked < -1) {
    illegal(plan, "groups",
            fmt::format("{} is out of range; write a positive number of groups, 0 for hidden / 16, "
                        "or -1 for one row a group",
                        asked));
  }
  if (asked == 0 && hidden % 16 != 0) {
    illegal(plan, where,
            fmt::format("hidden size {} is no multiple of 16, so that the default number of weight "
                        "groups does not exist; set groups",
                        hidden));
  }
  const int groups = asked == 0 ? hidden / 16 : asked;
  if (outputs % groups != 0) {
    illegal(plan, where,
            fmt::format("{} weight groups do not divide its {} output rows; choose a divisor, or "
                        "-1 for one row a group",
                        groups, outputs));
  }
}

/// REQUIRES of the exact INT32 accumulator: inputs * max|x| * max|w| <= 2^31 - 1.
void check_accumulator(const Plan& plan, const std::string& where, int inputs) {
  const int64_t largest = plan.options.range == RangeKind::deepspeed ? 128 : 127;
  const int64_t limit = std::numeric_limits<int32_t>::max() / (largest * largest);
  if (inputs > limit) {
    illegal(plan, where,
            fmt::format("{} input features would overflow the INT32 accumulator (limit {}); use "
                        "fp16 or a weight-only scheme",
                        inputs, limit));
  }
}

}  // namespace

void validate(const Plan& plan, int hidden, int intermediate) {
  if (plan.layers.empty()) illegal(plan, "layers", "there are none");
  for (int layer = 0; layer < static_cast<int>(plan.layers.size()); ++layer) {
    for (Module module : kAllModules) {
      const SchemeTraits t = legal_traits(plan, layer, module);
      const std::string where = place(layer, module);
      if (t.granularity == WeightGranularity::group) {
        check_groups(plan, where, module == Module::fc1 ? intermediate : hidden, hidden);
      }
      if (t.weight != kernels::ElementType::f32 && t.input != InputFormat::floating) {
        check_accumulator(plan, where, module == Module::fc2 ? intermediate : hidden);
      }
    }
  }
}

Plan canonical(Plan plan, int hidden) {
  const PlanOptions defaults;
  // `embedding` is kept once, outside the layers.
  for (LayerSchemes& layer : plan.layers) layer[Module::embedding] = Scheme::fp16;
  if (!any_module(plan, [](Module, const SchemeTraits& t) { return t.quantized_residual; })) {
    plan.options.residual = defaults.residual;
  }
  if (!any_module(plan, [](Module module, const SchemeTraits& t) {
        return module == Module::attention && quantizes(t);
      })) {
    plan.options.softmax = defaults.softmax;
  }
  const bool grouped = any_module(plan, [](Module, const SchemeTraits& t) {
    return t.granularity == WeightGranularity::group;
  });
  const bool is_default = hidden > 0 && hidden % 16 == 0 && plan.options.groups == hidden / 16;
  if (!grouped || is_default) plan.options.groups = defaults.groups;
  if (!any_module(plan, [](Module, const SchemeTraits& t) { return quantizes(t); })) {
    plan.options.range = defaults.range;
  }
  return plan;
}

bool needs_calibration(const Plan& plan) {
  // Every calibrated scale belongs to a module that reads, or folds, a static scale of its input.
  return any_module(plan, [](Module, const SchemeTraits& t) {
    return t.input == InputFormat::feature_wise || t.input == InputFormat::tensor_wise;
  });
}

bool reads_observer(const Plan& plan) {
  return any_module(plan, [](Module module, const SchemeTraits& t) {
    return t.input == InputFormat::feature_wise ||
           (t.input == InputFormat::tensor_wise && module == Module::attention);
  });
}

Execution execution(const Plan& plan) {
  Execution weakest = Execution::integer;
  any_module(plan, [&](Module, const SchemeTraits& t) {
    weakest = std::max(weakest, t.execution);
    return false;
  });
  return weakest;
}

}  // namespace herosweep::quant
