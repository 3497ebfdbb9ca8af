#include "experiments/report/plans.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/util/error.h"

namespace herosweep::report {

namespace {

// Enough to be no plan's name, and what people copy from tables.
constexpr size_t kShortestHash = 6;
constexpr size_t kListed = 12;

/// Positions of the plans that have a trial whose hash begins with `text`: users see those hashes
/// most.
std::set<int> plans_of_trial(const Snapshot& snapshot, const std::string& text) {
  std::set<int> positions;
  if (text.size() < kShortestHash) return positions;
  for (const ResultRow& row : snapshot.results)
    if (row.trial_hash.starts_with(text)) positions.insert(row.position);
  return positions;
}

bool is_called(const PlanColumns& plan, const std::string& text) {
  const bool by_hash = text.size() >= kShortestHash && plan.plan_hash.starts_with(text);
  return by_hash || text == plan_label(plan) || text == plan.plan || text == plan.display ||
         text == fmt::format("{} ({})", plan.plan, plan.variant);
}

std::string listed(const std::vector<const PlanColumns*>& plans) {
  std::vector<std::string> labels;
  labels.reserve(plans.size());
  for (const PlanColumns* plan : plans) labels.push_back(plan_label(*plan));
  const size_t hidden = labels.size() > kListed ? labels.size() - kListed : 0;
  labels.resize(labels.size() - hidden);
  return fmt::format("{}{}", fmt::join(labels, ", "),
                     hidden ? fmt::format(" and {} more", hidden) : "");
}

}  // namespace

std::string plan_label(const PlanColumns& plan) {
  return plan.variant.empty() ? plan.display : fmt::format("{} ({})", plan.display, plan.variant);
}

std::vector<const PlanColumns*> plans_of(const Snapshot& snapshot) {
  std::map<int, const PlanColumns*> by_position;
  for (const ResultRow& row : snapshot.results) by_position.emplace(row.position, &row);
  for (const LatencyRow& row : snapshot.latency) by_position.emplace(row.position, &row);
  std::vector<const PlanColumns*> plans;
  plans.reserve(by_position.size());
  for (const auto& [position, plan] : by_position) plans.push_back(plan);
  return plans;
}

bool has_several_seeds(const Snapshot& snapshot) {
  std::set<int64_t> seeds;
  for (const ResultRow& row : snapshot.results) seeds.insert(row.seed);
  for (const LatencyRow& row : snapshot.latency) seeds.insert(row.seed);
  return seeds.size() > 1;
}

const PlanColumns& find_plan(const Snapshot& snapshot, const std::string& text) {
  const auto plans = plans_of(snapshot);
  const std::set<int> by_trial = plans_of_trial(snapshot, text);
  std::vector<const PlanColumns*> found;
  for (const PlanColumns* plan : plans)
    if (is_called(*plan, text) || by_trial.contains(plan->position)) found.push_back(plan);
  // A name without variant is the plan without one, where there is such a plan.
  const auto plain = std::find_if(found.begin(), found.end(),
                                  [](const PlanColumns* plan) { return plan->variant.empty(); });
  if (found.size() > 1 && plain != found.end()) found = {*plain};
  if (found.size() == 1) return *found[0];
  if (found.empty())
    throw ConfigError(fmt::format("sweep {} has no measured plan '{}'; it has {}",
                                  snapshot.sweep.name, text, listed(plans)));
  throw ConfigError(fmt::format("'{}' means several plans; name one of {}", text, listed(found)));
}

}  // namespace herosweep::report
