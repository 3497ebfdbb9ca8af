#include "experiments/sweep/candidates.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/util/error.h"

namespace herosweep::sweep {
namespace {

using quant::Module;
using quant::Plan;
using quant::Scheme;

void set_all_layers(Plan& plan, Module module, Scheme scheme) {
  for (int layer = 0; layer < static_cast<int>(plan.layers.size()); ++layer) {
    plan.set(layer, module, scheme);
  }
}

bool same_schemes(const Plan& a, const Plan& b) {
  return a.embedding == b.embedding && a.layers == b.layers;
}

/// "qkv:w8a8,fc2:int8", the modules that are not fp16.
std::string generated_name(const Plan& plan) {
  std::string text;
  for (Module module : quant::kAllModules) {
    const Scheme scheme = plan.scheme(0, module);
    if (scheme == Scheme::fp16) continue;
    text +=
        fmt::format("{}{}:{}", text.empty() ? "" : ",", quant::name(module), quant::name(scheme));
  }
  return text;
}

/// Names a uniform plan by what it is: a plan of the papers, or its modules.
void name_uniform(Candidate& candidate, const std::vector<Plan>& known) {
  Plan& plan = candidate.plan;
  plan.name = quant::hero_name(plan);
  for (const Plan& named : known) {
    if (plan.name.empty() && same_schemes(plan, named)) plan.name = named.name;
  }
  candidate.rank = NameRank::named;
  if (plan.name.empty()) {
    plan.name = generated_name(plan);
    candidate.rank = NameRank::generated;
  }
}

class Maker {
 public:
  Maker(const Space& space, int layers, std::vector<std::string>& problems)
      : space_(space), layers_(layers), problems_(problems) {}

  std::vector<Candidate> make() {
    Candidate baseline{quant::named_plan("fp16", layers_), NameRank::named, true, {}, space_.where};
    result_.push_back(std::move(baseline));
    if (space_.modules && space_.search.kind == SearchKind::grid) add_product();
    for (const Plan& plan : space_.proposed) add_proposed(plan);
    for (const PlanSpec& spec : space_.plans) add_listed(spec);
    for (const PerLayerSpec& spec : space_.per_layer) add_per_layer(spec);
    for (Candidate& candidate : result_) {
      candidate.baseline = same_schemes(candidate.plan, result_.front().plan);
    }
    return std::move(result_);
  }

 private:
  void add_product() {
    const std::vector<Plan> known = named_plans();
    std::array<size_t, quant::kModules> digit{};
    bool more = true;
    while (more) {
      Candidate candidate;
      candidate.plan = quant::named_plan("fp16", layers_);
      candidate.where = space_.where;
      for (Module module : quant::kAllModules) {
        const auto m = static_cast<size_t>(module);
        set_all_layers(candidate.plan, module, (*space_.modules)[m][digit[m]]);
      }
      name_uniform(candidate, known);
      result_.push_back(std::move(candidate));
      more = count_up(digit);
    }
  }

  /// Named plans that are no HERO plans.
  std::vector<Plan> named_plans() const {
    std::vector<Plan> known;
    for (const std::string& name : quant::all_plan_names()) {
      if (!name.starts_with("hero-")) known.push_back(quant::named_plan(name, layers_));
    }
    return known;
  }

  /// A plan of a search is named by what it is where all layers are alike.
  void add_proposed(const Plan& plan) {
    Candidate candidate;
    candidate.plan = plan;
    candidate.where = space_.where;
    const bool uniform =
        std::all_of(plan.layers.begin(), plan.layers.end(),
                    [&](const quant::LayerSchemes& layer) { return layer == plan.layers[0]; });
    if (uniform)
      name_uniform(candidate, named_plans());
    else
      candidate.rank = NameRank::generated;
    result_.push_back(std::move(candidate));
  }

  /// The next combination, the last module fastest; false after the last one.
  bool count_up(std::array<size_t, quant::kModules>& digit) const {
    for (size_t m = quant::kModules; m-- > 0;) {
      if (++digit[m] < (*space_.modules)[m].size()) return true;
      digit[m] = 0;
    }
    return false;
  }

  /// A plan of the list may stand on an earlier one.
  Candidate base_of(const std::string& name) const {
    if (const auto found = custom_.find(name); found != custom_.end()) return found->second;
    Candidate candidate;
    candidate.plan = quant::named_plan(name, layers_);
    return candidate;
  }

  void add_listed(const PlanSpec& spec) {
    Candidate candidate = base_of(spec.base);
    candidate.where = spec.where;
    if (spec.custom) {
      candidate.plan.name = spec.name;
      candidate.rank = NameRank::custom;
    }
    for (const LayerSchemesSpec& layers : spec.layers) apply(layers, candidate.plan);
    for (const auto& option : spec.options) candidate.fixed.push_back(option);
    if (spec.custom) custom_.insert_or_assign(spec.name, candidate);
    result_.push_back(std::move(candidate));
  }

  void apply(const LayerSchemesSpec& spec, Plan& plan) {
    if (spec.key.empty()) {
      for (const auto& [module, scheme] : spec.schemes) set_all_layers(plan, module, scheme);
      return;
    }
    try {
      for (int layer : quant::parse_layer_key(spec.key, layers_)) {
        for (const auto& [module, scheme] : spec.schemes) plan.set(layer, module, scheme);
      }
    } catch (const PlanError& error) {
      problems_.push_back(fmt::format("{}: {}", spec.where, error.what()));
    }
  }

  void add_per_layer(const PerLayerSpec& spec) {
    Candidate base = base_of(spec.base);
    base.where = spec.where;
    const std::string shown = quant::display_name(base.plan.name);
    const std::string prefix = shown.find(' ') == std::string::npos ? shown : base.plan.name;
    result_.push_back(base);
    for (Module module : spec.modules) {
      const int count = module == Module::embedding ? 1 : layers_;
      for (int layer = 0; layer < count; ++layer) {
        Candidate candidate = base;
        candidate.plan.set(layer, module, spec.to);
        candidate.plan.name = quant::hero_name(candidate.plan);
        if (candidate.plan.name.empty()) {
          candidate.rank = NameRank::generated;
          candidate.plan.name =
              fmt::format("{}/{}@{}={}", prefix, quant::name(module), layer, quant::name(spec.to));
        }
        if (same_schemes(candidate.plan, base.plan)) continue;
        result_.push_back(std::move(candidate));
      }
    }
  }

  const Space& space_;
  int layers_;
  std::vector<std::string>& problems_;
  std::vector<Candidate> result_;
  std::map<std::string, Candidate> custom_;
};

}  // namespace

std::vector<Candidate> candidates(const Space& space, int layers,
                                  std::vector<std::string>& problems) {
  return Maker(space, layers, problems).make();
}

size_t product_size(const Space& space) {
  if (!space.modules || space.search.kind != SearchKind::grid) return 0;
  size_t size = 1;
  for (const auto& schemes : *space.modules) size *= schemes.size();
  return size;
}

}  // namespace herosweep::sweep
