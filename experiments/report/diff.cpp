#include "experiments/report/diff.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/report/table.h"

namespace herosweep::report {

namespace {

using nlohmann::json;
using Kind = DiffGroup::Kind;
using Reasons = std::vector<std::string>;

std::string leaf_text(const json& value) {
  // A SHA-256 in hex tells nothing in full.
  constexpr size_t kHashDigits = 64, kShown = 12;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return text.size() == kHashDigits ? text.substr(0, kShown) : text;
}

/// "/plan/layers/3/fc2" as "plan.layers.3.fc2".
std::string dotted(std::string pointer) {
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return pointer.substr(1);
}

std::string label(const sweep::Variant& variant) {
  const std::string name = quant::display_name(variant.plan.name);
  return variant.label.empty() ? name : fmt::format("{} ({})", name, variant.label);
}

/// Adds to the group of this kind and reason.
void put(Diff& diff, Kind kind, const Reasons& reasons, const std::string& member) {
  const auto same = [&](const DiffGroup& g) { return g.kind == kind && g.reasons == reasons; };
  auto group = std::find_if(diff.groups.begin(), diff.groups.end(), same);
  if (group == diff.groups.end()) group = diff.groups.insert(group, DiffGroup{kind, reasons, {}});
  group->members.push_back(member);
}

/// Identities of what is stored, by name.
using Stored = std::multimap<std::string, json>;

/// The fewest differences to a measurement stored under `name`; nothing when none is.
std::optional<Reasons> nearest(const Stored& stored, const std::string& name, const json& wanted) {
  std::optional<Reasons> best;
  const auto [first, last] = stored.equal_range(name);
  for (auto it = first; it != last; ++it) {
    Reasons found = differences(it->second, wanted);
    if (!best || found.size() < best->size()) best = std::move(found);
  }
  return best;
}

/// Identities of done trials by "plan\ttask", and names on their own.
struct StoredTrials {
  Stored identities;
  std::set<std::string> plans, tasks;
  std::map<std::string, std::string> state;  // by trial hash
};

StoredTrials stored_trials(SQLite::Database& db) {
  StoredTrials result;
  SQLite::Statement states(db, "SELECT trial_hash, state FROM trials");
  while (states.executeStep())
    result.state.emplace(states.getColumn(0).getString(), states.getColumn(1).getString());
  SQLite::Statement query(db,
                          "SELECT DISTINCT sp.plan, st.task, t.identity FROM trials t "
                          "JOIN sweep_trials st USING (trial_hash) JOIN sweep_plans sp ON "
                          "sp.sweep_id = st.sweep_id AND sp.plan_hash = st.plan_hash "
                          "WHERE t.state = 'done'");
  while (query.executeStep()) {
    const std::string plan = query.getColumn(0).getString();
    const std::string task = query.getColumn(1).getString();
    result.plans.insert(plan);
    result.tasks.insert(task);
    result.identities.emplace(fmt::format("{}\t{}", plan, task),
                              json::parse(query.getColumn(2).getString()));
  }
  return result;
}

void diff_trial(Diff& diff, const StoredTrials& stored, const sweep::Sweep& sweep,
                const sweep::TrialRef& trial) {
  const sweep::Variant& variant = sweep.variants[static_cast<size_t>(trial.variant)];
  const std::string member = fmt::format("{} on {}", label(variant), trial.task);
  ++diff.total;
  const auto state = stored.state.find(trial.trial_hash);
  if (state != stored.state.end()) {
    diff.done += state->second == "done";
    if (state->second == "failed") put(diff, Kind::failed, {}, member);
    if (state->second == "planned" || state->second == "running")
      put(diff, Kind::waiting, {}, member);
    return;
  }
  const std::string& plan = variant.plan.name;
  if (const auto reasons = nearest(stored.identities, plan + "\t" + trial.task, trial.identity()))
    return put(diff, Kind::changed, *reasons, member);
  Reasons reasons;
  if (!stored.plans.contains(plan)) reasons.push_back("plan " + quant::display_name(plan));
  if (!stored.tasks.contains(trial.task)) reasons.push_back("task " + trial.task);
  put(diff, Kind::added, reasons, member);
}

/// What a latency's identity is made of, beside the numbers of its shape.
json latency_identity(const std::string& weights, const std::string& backend,
                      const std::string& device, const GroupKey& group, const std::string& plan) {
  return {{"weights", weights},         {"backend", backend},       {"device", device},
          {"batch", group.batch},       {"seq_len", group.seq_len}, {"threads", group.threads},
          {"plan or calibration", plan}};
}

/// Identities by the plan's name, and all of them as text.
struct StoredLatencies {
  Stored identities;
  std::set<std::string> measured;
};

StoredLatencies stored_latencies(SQLite::Database& db) {
  StoredLatencies stored;
  SQLite::Statement query(db,
                          "SELECT DISTINCT sp.plan, g.weights_hash, g.backend, g.device, g.batch, "
                          "g.seq_len, g.threads, l.plan_hash FROM latency_samples l "
                          "JOIN latency_groups g ON g.id = l.group_id "
                          "JOIN sweep_plans sp ON sp.plan_hash = l.plan_hash WHERE l.current = 1 "
                          "ORDER BY g.batch, g.seq_len, g.threads");
  while (query.executeStep()) {
    const auto text = [&](int column) { return query.getColumn(column).getString(); };
    const GroupKey group{query.getColumn(4).getInt(), query.getColumn(5).getInt(),
                         query.getColumn(6).getInt()};
    json identity = latency_identity(text(1), text(2), text(3), group, text(7));
    stored.measured.insert(identity.dump());
    stored.identities.emplace(text(0), std::move(identity));
  }
  return stored;
}

std::vector<GroupKey> groups_of(const sweep::LatencySettings& latency) {
  std::vector<GroupKey> groups;
  if (!latency.enabled) return groups;
  for (const int threads : latency.threads)
    for (const int seq_len : latency.seq_len)
      for (const int batch : latency.batch) groups.push_back({batch, seq_len, threads});
  return groups;
}

Diff diff_latencies(SQLite::Database& db, const sweep::Sweep& sweep, const std::string& device) {
  Diff diff;
  const StoredLatencies stored = stored_latencies(db);
  for (const GroupKey& group : groups_of(sweep.latency))
    for (const sweep::Variant& variant : sweep.variants) {
      if (quant::execution(variant.plan) == quant::Execution::simulated) continue;
      ++diff.total;
      const json identity = latency_identity(sweep.model.weights_hash, sweep.backend, device, group,
                                             variant.plan_hash);
      if (stored.measured.contains(identity.dump())) {
        ++diff.done;
        continue;
      }
      const std::string member = fmt::format("{} at {}", label(variant), describe(group));
      if (const auto reasons = nearest(stored.identities, variant.plan.name, identity))
        put(diff, Kind::changed, *reasons, member);
      else
        put(diff, Kind::added, {"plan " + quant::display_name(variant.plan.name)}, member);
    }
  return diff;
}

std::vector<std::string> dropped_trials(SQLite::Database& db, const sweep::Sweep& sweep) {
  std::set<std::string> kept;
  for (const sweep::TrialRef& trial : sweep.trials) kept.insert(trial.trial_hash);
  std::vector<std::string> dropped;
  SQLite::Statement query(db,
                          "SELECT st.trial_hash, sp.display, st.task FROM sweeps s "
                          "JOIN sweep_trials st ON st.sweep_id = s.id JOIN sweep_plans sp ON "
                          "sp.sweep_id = s.id AND sp.plan_hash = st.plan_hash "
                          "WHERE s.current = 1 AND s.name = ?1 ORDER BY st.position");
  query.bind(1, sweep.name);
  while (query.executeStep())
    if (!kept.contains(query.getColumn(0).getString()))
      dropped.push_back(
          fmt::format("{} on {}", query.getColumn(1).getString(), query.getColumn(2).getString()));
  return dropped;
}

}  // namespace

std::vector<std::string> differences(const json& before, const json& after) {
  const json old_leaves = before.flatten(), new_leaves = after.flatten();
  std::vector<std::string> found;
  for (const auto& [path, value] : new_leaves.items()) {
    const auto old = old_leaves.find(path);
    if (old == old_leaves.end())
      found.push_back(fmt::format("{}: none -> {}", dotted(path), leaf_text(value)));
    else if (*old != value)
      found.push_back(fmt::format("{}: {} -> {}", dotted(path), leaf_text(*old), leaf_text(value)));
  }
  for (const auto& [path, value] : old_leaves.items())
    if (!new_leaves.contains(path))
      found.push_back(fmt::format("{}: {} -> none", dotted(path), leaf_text(value)));
  return found;
}

SweepDiff diff(store::Store& store, const sweep::Sweep& sweep, const std::string& device) {
  SQLite::Database& db = store.database();
  return reading(store, [&] {
    SweepDiff result;
    const StoredTrials stored = stored_trials(db);
    for (const sweep::TrialRef& trial : sweep.trials)
      diff_trial(result.trials, stored, sweep, trial);
    result.latencies = diff_latencies(db, sweep, device);
    // What a search chose before it may choose again.
    if (!sweep.search) result.dropped = dropped_trials(db, sweep);
    return result;
  });
}

}  // namespace herosweep::report
