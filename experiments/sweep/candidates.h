// The plans of a sweep for one model, before the axes multiply them.
#pragma once

#include <string>
#include <vector>

#include "experiments/sweep/space.h"

namespace herosweep::sweep {

/// How much a name says; of plans that are the same the nicest name stays.
enum class NameRank { generated, custom, named };

struct Candidate {
  quant::Plan plan;
  NameRank rank = NameRank::named;
  bool baseline = false;  // the FP16 plan: constraints never drop it
  std::vector<std::pair<std::string, std::string>> fixed;  // options that axes do not vary
  std::string where;
};

/// The FP16 plan, the product of the modules, the list of plans, one layer at a time; in this
/// order. What the model cannot have is appended to `problems`, a line each.
std::vector<Candidate> candidates(const Space& space, int layers,
                                  std::vector<std::string>& problems);

/// How many `candidates` the product of the modules will make.
size_t product_size(const Space& space);

}  // namespace herosweep::sweep
