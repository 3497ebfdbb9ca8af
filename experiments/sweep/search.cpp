#include "experiments/sweep/search.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace herosweep::sweep {

namespace {

/// A fixed list, proposed at once.
class SensitivitySearcher : public Searcher {
 public:
  explicit SensitivitySearcher(GeneSpace space) : space_(std::move(space)) {}

  std::vector<Genome> propose(const Evaluations& known) override {
    const Genome low(space_.choices.size(), 0);
    Genome high;
    for (const int choices : space_.choices) high.push_back(static_cast<uint8_t>(choices - 1));
    std::vector<Genome> wanted;
    const auto add = [&](const Genome& genome) {
      if (!known.contains(genome) && space_.allows(genome) &&
          std::find(wanted.begin(), wanted.end(), genome) == wanted.end())
        wanted.push_back(genome);
    };
    add(low);
    add(high);
    for (const Genome& base : {low, high})
      for (size_t gene = 0; gene < base.size(); ++gene)
        for (int choice = 0; choice < space_.choices[gene]; ++choice) {
          Genome changed = base;
          changed[gene] = static_cast<uint8_t>(choice);
          add(changed);
        }
    return wanted;
  }

 private:
  GeneSpace space_;
};

}  // namespace

std::string_view name(SearchKind kind) {
  static constexpr std::array<std::string_view, 4> kNames{"grid", "sensitivity", "greedy", "nsga2"};
  return kNames[static_cast<size_t>(kind)];
}

const std::vector<std::string>& search_objectives() {
  static const std::vector<std::string> names{"value",   "drift", "flips",        "cosine",
                                              "latency", "ratio", "weight_bytes", "peak_bytes"};
  return names;
}

size_t GeneSpace::size(size_t limit) const {
  size_t size = 1;
  for (const int of_gene : choices) {
    size *= static_cast<size_t>(of_gene);
    if (size >= limit) return limit;
  }
  return size;
}

std::unique_ptr<Searcher> make_sensitivity_searcher(GeneSpace space) {
  return std::make_unique<SensitivitySearcher>(std::move(space));
}

std::unique_ptr<Searcher> make_searcher(const SearchSettings& settings, GeneSpace space) {
  switch (settings.kind) {
    case SearchKind::sensitivity:
      return make_sensitivity_searcher(std::move(space));
    case SearchKind::greedy:
      return make_greedy_searcher(std::move(space));
    case SearchKind::nsga2:
      return make_nsga2_searcher(settings, std::move(space));
    default:
      throw std::logic_error("a grid has no searcher");
  }
}

}  // namespace herosweep::sweep
