// One gene after the other, cheapest first.
#include <cmath>
#include <limits>
#include <optional>

#include "experiments/sweep/search.h"

namespace herosweep::sweep {

namespace {

class GreedySearcher : public Searcher {
 public:
  explicit GreedySearcher(GeneSpace space) : space_(std::move(space)) {}

  std::vector<Genome> propose(const Evaluations& known) override {
    Genome current(space_.choices.size(), 0);
    if (!known.contains(current)) return {current};
    // The way so far is walked again: every step is decided by what is known of its neighbours.
    while (true) {
      const std::vector<Genome> moves = neighbours(current);
      std::vector<Genome> unknown;
      for (const Genome& move : moves)
        if (!known.contains(move)) unknown.push_back(move);
      if (!unknown.empty()) return unknown;
      const auto best = best_move(known, current, moves);
      if (!best) return {};
      current = *best;
    }
  }

 private:
  /// Every gene that still has choice 0, set to each of its others: a step is never taken back.
  std::vector<Genome> neighbours(const Genome& from) const {
    std::vector<Genome> moves;
    for (size_t gene = 0; gene < from.size(); ++gene) {
      if (from[gene] != 0) continue;
      for (int choice = 1; choice < space_.choices[gene]; ++choice) {
        Genome move = from;
        move[gene] = static_cast<uint8_t>(choice);
        if (space_.allows(move)) moves.push_back(std::move(move));
      }
    }
    return moves;
  }

  /// The move with the least loss of the first objective for each unit of gain; the others' gains
  /// are counted as shares of where the search began. Nothing when no move gains within the limits.
  std::optional<Genome> best_move(const Evaluations& known, const Genome& from,
                                  const std::vector<Genome>& moves) const {
    const Evaluation& start = known.at(Genome(from.size(), 0));
    const Evaluation& here = known.at(from);
    if (start.objectives.empty() || here.objectives.empty()) return std::nullopt;
    std::optional<Genome> best;
    double best_price = std::numeric_limits<double>::infinity();
    for (const Genome& move : moves) {
      const Evaluation& there = known.at(move);
      if (there.objectives.empty() || there.violation > 0) continue;
      const double gained = gain(start, here, there);
      if (gained <= 0) continue;
      const double price = (there.objectives[0] - here.objectives[0]) / gained;
      if (price < best_price) {
        best_price = price;
        best = move;
      }
    }
    return best;
  }

  static double gain(const Evaluation& start, const Evaluation& here, const Evaluation& there) {
    double sum = 0;
    for (size_t o = 1; o < here.objectives.size(); ++o) {
      const double scale = std::abs(start.objectives[o]);
      sum += (here.objectives[o] - there.objectives[o]) / (scale > 0 ? scale : 1);
    }
    return sum;
  }

  GeneSpace space_;
};

}  // namespace

std::unique_ptr<Searcher> make_greedy_searcher(GeneSpace space) {
  return std::make_unique<GreedySearcher>(std::move(space));
}

}  // namespace herosweep::sweep
