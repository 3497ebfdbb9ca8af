// Choosing plans one batch after the other where there are too many for a grid. Pure: a searcher
// sees genomes and objectives, never a model or a database.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace herosweep::sweep {

enum class SearchKind : uint8_t { grid, sensitivity, greedy, nsga2 };

std::string_view name(SearchKind kind);

struct SearchSettings {
  SearchKind kind = SearchKind::grid;
  int trials = 200;    // most plans that are measured, FP16 included
  double minutes = 0;  // of one run; 0: no limit
  std::vector<std::string> objectives{"drift", "ratio"};  // quality first
  bool by_layer = false;                                  // every layer chooses for itself
  int population = 16;                                    // of nsga2
  uint64_t seed = 0;
};

/// Objectives that a search can have: the metrics of a Pareto front.
const std::vector<std::string>& search_objectives();

/// Which of its choices every gene takes, [genes].
using Genome = std::vector<uint8_t>;

struct GeneSpace {
  std::vector<int> choices;  // of every gene, 1 or more; choice 0 is the unquantized one
  /// Whether constraints allow it; absent: all are.
  std::function<bool(const Genome&)> allowed;
  bool allows(const Genome& genome) const { return !allowed || allowed(genome); }
  /// Genomes without regard to constraints, at most `limit`.
  size_t size(size_t limit) const;
};

struct Evaluation {
  std::vector<double> objectives;  // all to be minimised; empty: the plan failed
  double violation = 0;            // how far beyond the limits it lies; 0: within
};
using Evaluations = std::map<Genome, Evaluation>;

/// Asked again and again for genomes to evaluate. The answers depend on settings and evaluations
/// alone, so that a search that was killed repeats its way through what is stored and goes on.
class Searcher {
 public:
  virtual ~Searcher() = default;
  /// Genomes that are not in `known`, distinct, allowed; empty when the search is over. All that
  /// were proposed before are in `known`.
  virtual std::vector<Genome> propose(const Evaluations& known) = 0;
};

/// sensitivity: choice 0 everywhere, the last choice everywhere, and from both every gene alone.
/// greedy:      from choice 0 everywhere, step by step the change of one gene that costs the least
///              of the first objective for what it gains in the others.
/// nsga2:       Deb et al. 2002, with constrained domination; uniform crossover, one mutation a
///              genome on average, and no genome twice.
/// REQUIRES: kind is not grid.
std::unique_ptr<Searcher> make_searcher(const SearchSettings& settings, GeneSpace space);

// One maker a kind, each in a file of its own.
std::unique_ptr<Searcher> make_sensitivity_searcher(GeneSpace space);
std::unique_ptr<Searcher> make_greedy_searcher(GeneSpace space);
std::unique_ptr<Searcher> make_nsga2_searcher(const SearchSettings& settings, GeneSpace space);

}  // namespace herosweep::sweep
