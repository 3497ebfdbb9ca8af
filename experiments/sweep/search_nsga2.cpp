// NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002) over genomes.
#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "experiments/stats/front.h"
#include "experiments/stats/random.h"
#include "experiments/sweep/search.h"

namespace herosweep::sweep {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Tries to make a child that was not seen before; then a random genome is drawn, and after as many
// of those the space counts as exhausted.
constexpr int kTries = 200;
// Up to this many genomes a generation can name what is left of the space by counting.
constexpr size_t kCountable = 4096;

struct Member {
  Genome genome;
  const Evaluation* evaluation = nullptr;
  int rank = 0;
  double crowding = 0;
};

/// Deb's constrained domination: within the limits beats beyond, less far beyond beats farther,
/// else the objectives decide. A plan that failed is dominated by every one that did not.
bool beats(const Evaluation& a, const Evaluation& b) {
  if (a.objectives.empty() || b.objectives.empty())
    return !a.objectives.empty() && b.objectives.empty();
  if (a.violation > 0 || b.violation > 0) return a.violation < b.violation;
  return stats::dominates(a.objectives, b.objectives);
}

/// Sets ranks: 0 for those that none beats, 1 for those that only rank 0 beats, and so on.
void set_ranks(std::vector<Member>& members) {
  std::vector<size_t> left(members.size());
  std::iota(left.begin(), left.end(), 0);
  for (int rank = 0; !left.empty(); ++rank) {
    std::vector<size_t> front, rest;
    for (const size_t i : left) {
      const bool beaten = std::any_of(left.begin(), left.end(), [&](size_t j) {
        return beats(*members[j].evaluation, *members[i].evaluation);
      });
      (beaten ? rest : front).push_back(i);
    }
    for (const size_t i : front) members[i].rank = rank;
    left = std::move(rest);
  }
}

/// Sum over objectives of the gap between both neighbours in the front, as a share of its range.
void set_crowding(std::vector<Member*>& front) {
  for (Member* member : front) member->crowding = 0;
  const size_t objectives = front[0]->evaluation->objectives.size();
  for (size_t o = 0; o < objectives; ++o) {
    const auto value = [&](const Member* m) { return m->evaluation->objectives[o]; };
    std::stable_sort(front.begin(), front.end(),
                     [&](const Member* a, const Member* b) { return value(a) < value(b); });
    const double range = value(front.back()) - value(front.front());
    front.front()->crowding = front.back()->crowding = kInfinity;
    for (size_t i = 1; i + 1 < front.size(); ++i)
      if (range > 0) front[i]->crowding += (value(front[i + 1]) - value(front[i - 1])) / range;
  }
}

bool is_fitter(const Member& a, const Member& b) {
  return a.rank != b.rank ? a.rank < b.rank : a.crowding > b.crowding;
}

/// The `size` fittest, with ranks and crowding.
std::vector<Member> survivors(std::vector<Member> members, size_t size) {
  set_ranks(members);
  const int ranks =
      members.empty()
          ? 0
          : 1 + std::max_element(members.begin(), members.end(), [](const auto& a, const auto& b) {
                  return a.rank < b.rank;
                })->rank;
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Member*> front;
    for (Member& member : members)
      if (member.rank == rank) front.push_back(&member);
    set_crowding(front);
  }
  std::stable_sort(members.begin(), members.end(), is_fitter);
  members.resize(std::min(members.size(), size));
  return members;
}

class Nsga2Searcher : public Searcher {
 public:
  Nsga2Searcher(const SearchSettings& settings, GeneSpace space)
      : space_(std::move(space)),
        size_(static_cast<size_t>(settings.population)),
        random_(settings.seed) {}

  std::vector<Genome> propose(const Evaluations& known) override {
    for (const Genome& genome : proposed_) population_.push_back({genome, &known.at(genome), 0, 0});
    // Pointers into `known` are of this call: a caller may hand over a copy.
    for (Member& member : population_) member.evaluation = &known.at(member.genome);
    population_ = survivors(std::move(population_), size_);
    proposed_.clear();
    if (known.empty()) propose_corners();
    while (proposed_.size() < size_ && propose_one(known)) {
    }
    return proposed_;
  }

 private:
  /// The first generation holds both ends of the front: nothing and everything quantized.
  void propose_corners() {
    Genome high;
    for (const int choices : space_.choices) high.push_back(static_cast<uint8_t>(choices - 1));
    for (const Genome& corner : {Genome(space_.choices.size(), 0), high})
      if (space_.allows(corner) && !is_proposed(corner)) proposed_.push_back(corner);
  }

  bool is_proposed(const Genome& genome) const {
    return std::find(proposed_.begin(), proposed_.end(), genome) != proposed_.end();
  }

  bool is_fresh(const Genome& genome, const Evaluations& known) const {
    return !known.contains(genome) && !is_proposed(genome) && space_.allows(genome);
  }

  /// False when nothing that was not seen before could be found.
  bool propose_one(const Evaluations& known) {
    for (int attempt = 0; attempt < 2 * kTries; ++attempt) {
      const bool breed = !population_.empty() && attempt < kTries;
      Genome genome = breed ? child() : random_genome();
      if (!is_fresh(genome, known)) continue;
      proposed_.push_back(std::move(genome));
      return true;
    }
    return propose_by_counting(known);
  }

  /// Luck runs out near the end of a small space.
  bool propose_by_counting(const Evaluations& known) {
    if (space_.size(kCountable) == kCountable) return false;
    Genome genome(space_.choices.size(), 0);
    while (!is_fresh(genome, known)) {
      size_t gene = 0;
      while (gene < genome.size() && ++genome[gene] == space_.choices[gene]) genome[gene++] = 0;
      if (gene == genome.size()) return false;
    }
    proposed_.push_back(std::move(genome));
    return true;
  }

  Genome random_genome() {
    Genome genome;
    for (const int choices : space_.choices)
      genome.push_back(static_cast<uint8_t>(random_.below(static_cast<uint32_t>(choices))));
    return genome;
  }

  const Genome& parent() {
    const auto draw = [&]() -> const Member& {
      return population_[random_.below(static_cast<uint32_t>(population_.size()))];
    };
    const Member& a = draw();
    const Member& b = draw();
    return is_fitter(b, a) ? b.genome : a.genome;
  }

  Genome child() {
    const Genome& mother = parent();
    const Genome& father = parent();
    const auto genes = static_cast<uint32_t>(mother.size());
    Genome genome;
    for (size_t gene = 0; gene < mother.size(); ++gene) {
      genome.push_back(random_.below(2) ? mother[gene] : father[gene]);
      const auto others = static_cast<uint32_t>(space_.choices[gene] - 1);
      if (others == 0 || random_.below(genes) != 0) continue;
      // One of the other choices, each as likely.
      const auto step = static_cast<uint8_t>(1 + random_.below(others));
      genome[gene] = static_cast<uint8_t>((genome[gene] + step) % space_.choices[gene]);
    }
    return genome;
  }

  GeneSpace space_;
  size_t size_;
  stats::Random random_;
  std::vector<Member> population_;
  std::vector<Genome> proposed_;
};

}  // namespace

std::unique_ptr<Searcher> make_nsga2_searcher(const SearchSettings& settings, GeneSpace space) {
  return std::make_unique<Nsga2Searcher>(settings, std::move(space));
}

}  // namespace herosweep::sweep
