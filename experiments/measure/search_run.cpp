// A search: batches of plans, each run like a sweep of its own, all recorded under one name.
#include <fmt/format.h>

#include <algorithm>

#include "experiments/measure/session.h"
#include "experiments/sweep/search_space.h"

namespace herosweep::measure {

namespace {

using sweep::Evaluation;
using sweep::Evaluations;
using sweep::Genome;

class Search {
 public:
  Search(const sweep::Sweep& start, Session& session, const Evaluate& evaluate,
         ProgressDisplay& display)
      : settings_(start.search->request.space.search),
        source_(*start.search),
        session_(session),
        evaluate_(evaluate),
        display_(display),
        genes_(source_),
        searcher_(sweep::make_searcher(settings_, genes_.space())),
        listed_(start.variants.size() - 1),
        began_(std::chrono::steady_clock::now()) {}

  /// Runs to the end of the search, of its budget or of the user's patience. `stop_at_missing`:
  /// ends at the first plan that was not measured and is not going to be.
  void run(bool stop_at_missing) {
    while (!is_out_of_time()) {
      const std::vector<Genome> batch = next_batch();
      if (batch.empty() || !measure(batch)) return;
      if (stop_at_missing && any_failed(batch)) return;
    }
    display_.print(
        fmt::format("search: {:g} minutes are over; the same command goes on", settings_.minutes));
  }

  bool is_empty() const { return plans_.empty(); }

 private:
  bool is_out_of_time() const {
    const std::chrono::duration<double, std::ratio<60>> spent =
        std::chrono::steady_clock::now() - began_;
    return settings_.minutes > 0 && spent.count() >= settings_.minutes;
  }

  std::vector<Genome> next_batch() {
    const size_t spent = listed_ + known_.size();
    const auto budget = static_cast<size_t>(settings_.trials);
    // A batch that the budget cut short is not all known, so the searcher is not asked again.
    if (spent >= budget) return {};
    std::vector<Genome> batch = searcher_->propose(known_);
    batch.resize(std::min(batch.size(), budget - spent));
    return batch;
  }

  bool measure(const std::vector<Genome>& batch) {
    for (const Genome& genome : batch) plans_.push_back(genes_.plan(genome));
    const sweep::Sweep sweep = sweep::with_plans(source_, plans_);
    if (!session_.run(sweep)) return false;
    const auto found = evaluate_(sweep);
    for (const Genome& genome : batch) {
      const auto plan = found.find(genes_.plan_hash(genome));
      known_.emplace(genome, plan == found.end() ? Evaluation{} : plan->second);
    }
    display_.print(fmt::format("search: {} of at most {} plans measured", listed_ + known_.size(),
                               settings_.trials));
    return true;
  }

  bool any_failed(const std::vector<Genome>& batch) const {
    return std::any_of(batch.begin(), batch.end(),
                       [&](const Genome& genome) { return known_.at(genome).objectives.empty(); });
  }

  const sweep::SearchSettings& settings_;
  const sweep::SearchSource& source_;
  Session& session_;
  const Evaluate& evaluate_;
  ProgressDisplay& display_;
  sweep::PlanGenes genes_;
  std::unique_ptr<sweep::Searcher> searcher_;
  Evaluations known_;
  std::vector<quant::Plan> plans_;  // proposed so far
  size_t listed_;                   // plans of the config that are no FP16, part of the budget
  std::chrono::steady_clock::time_point began_;
};

}  // namespace

RunSummary run_search(const sweep::Sweep& start, store::Store& store,
                      const nlohmann::json& environment, const RunOptions& options,
                      ProgressDisplay& display, const Evaluate& evaluate) {
  Session session(store, environment, options, display);
  Search search(start, session, evaluate, display);
  search.run(options.only == Only::failed);
  // A budget that the listed plans use up leaves nothing to choose, but those still run.
  if (search.is_empty()) session.run(start);
  return session.finish();
}

}  // namespace herosweep::measure
