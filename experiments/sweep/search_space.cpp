#include "experiments/sweep/search_space.h"

#include <algorithm>

#include "experiments/sweep/identity.h"

namespace herosweep::sweep {

namespace {

using quant::Module;
using quant::Scheme;

std::vector<Scheme> fp16_first(std::vector<Scheme> schemes) {
  std::stable_partition(schemes.begin(), schemes.end(),
                        [](Scheme scheme) { return scheme == Scheme::fp16; });
  return schemes;
}

}  // namespace

PlanGenes::PlanGenes(const SearchSource& source) : source_(source) {
  const Space& space = source.request.space;
  const int layers = source.model.config.layers;
  for (const Module module : quant::kAllModules) {
    const auto schemes = fp16_first((*space.modules)[static_cast<size_t>(module)]);
    const bool by_layer = space.search.by_layer && module != Module::embedding;
    for (int layer = by_layer ? 0 : -1; layer < (by_layer ? layers : 0); ++layer)
      genes_.push_back({module, layer, schemes});
  }
}

GeneSpace PlanGenes::space() const {
  GeneSpace space;
  for (const Gene& gene : genes_) space.choices.push_back(static_cast<int>(gene.schemes.size()));
  space.allowed = [this](const Genome& genome) {
    return keeps_constraints(source_.request.space, plan(genome));
  };
  return space;
}

quant::Plan PlanGenes::plan(const Genome& genome) const {
  const int layers = source_.model.config.layers;
  quant::Plan plan = quant::named_plan("fp16", layers);
  plan.name = "mix";
  Module last = Module::fc2;
  for (size_t g = 0; g < genes_.size(); ++g) {
    const Gene& gene = genes_[g];
    const Scheme scheme = gene.schemes[genome[g]];
    const int from = std::max(gene.layer, 0);
    for (int layer = from; layer < (gene.layer < 0 ? layers : gene.layer + 1); ++layer)
      plan.set(layer, gene.module, scheme);
    if (g == 0 || gene.module != last) plan.name += '-';
    plan.name += std::to_string(genome[g]);
    last = gene.module;
  }
  return plan;
}

std::string PlanGenes::plan_hash(const Genome& genome) const {
  const Settings& base = source_.request.space.base;
  Variant variant;
  variant.plan = plan(genome);
  variant.plan.options = base.options;
  variant.calibration = base.calibration;
  variant.seed = base.seed;
  drop_ineffective_settings(variant, source_.model.config.hidden);
  return sweep::plan_hash(variant);
}

Sweep with_plans(const SearchSource& source, std::vector<quant::Plan> plans) {
  SweepRequest request = source.request;
  request.space.proposed = std::move(plans);
  return expand(request, source.model, source.facts);
}

}  // namespace herosweep::sweep
