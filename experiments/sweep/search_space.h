// A space of plans as genes, and back.
#pragma once

#include <vector>

#include "experiments/sweep/space.h"

namespace herosweep::sweep {

/// One gene a module or, by layer, one for the embedding and one for every other module of every
/// layer. Choice i is the module's i-th scheme, FP16 first wherever it is among them.
class PlanGenes {
 public:
  /// REQUIRES: source.request.space.modules.
  explicit PlanGenes(const SearchSource& source);

  GeneSpace space() const;
  /// By layer the name lists, module by module, the choice of every layer: "mix-1-110000-...".
  quant::Plan plan(const Genome& genome) const;
  /// Of the variant that the plan becomes in a sweep.
  std::string plan_hash(const Genome& genome) const;

 private:
  struct Gene {
    quant::Module module;
    int layer;  // -1: all
    std::vector<quant::Scheme> schemes;
  };

  const SearchSource& source_;
  std::vector<Gene> genes_;
};

/// The sweep with the plans that a search has chosen, in their order.
Sweep with_plans(const SearchSource& source, std::vector<quant::Plan> plans);

}  // namespace herosweep::sweep
