// The `status` command: how far every sweep is.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/report/rows.h"
#include "experiments/report/table.h"

namespace herosweep::report {

namespace {

using nlohmann::ordered_json;

struct GroupProgress {
  GroupKey group;
  int measured = 0;
  int failed = 0;
};

struct SweepStatus {
  Snapshot snapshot;
  int measurable = 0;  // plans that a latency group holds: all that are not simulated
  std::vector<GroupProgress> groups;
};

std::vector<std::string> sweep_names(SQLite::Database& db) {
  std::vector<std::string> names;
  SQLite::Statement query(
      db, "SELECT name FROM sweeps WHERE current = 1 ORDER BY started_at DESC, id DESC");
  while (query.executeStep()) names.push_back(query.getColumn(0).getString());
  return names;
}

int measurable_plans(SQLite::Database& db, int64_t sweep_id) {
  SQLite::Statement query(db,
                          "SELECT count(*) FROM sweep_plans JOIN plans USING (plan_hash) "
                          "WHERE sweep_id = ?1 AND execution != 'simulated'");
  query.bind(1, sweep_id);
  query.executeStep();
  return query.getColumn(0);
}

SweepStatus sweep_status(store::Store& store, const std::string& name) {
  Filter filter;
  filter.sweep = name;
  SweepStatus status;
  status.snapshot = load_snapshot(store, filter);
  status.measurable = measurable_plans(store.database(), status.snapshot.sweep.id);
  for (const GroupKey& group : status.snapshot.groups) {
    GroupProgress progress{group};
    for (const LatencyRow& row : status.snapshot.latency) progress.measured += row.group == group;
    for (const FailureRow& row : status.snapshot.failures) progress.failed += row.group == group;
    status.groups.push_back(progress);
  }
  return status;
}

struct Runner {
  std::string host, since;
  int64_t pid = 0;
  double seconds_silent = 0;
};

std::optional<Runner> runner(SQLite::Database& db) {
  SQLite::Statement query(db,
                          "SELECT host, claimed_at, pid, "
                          "(julianday('now') - 2440587.5) * 86400 - heartbeat FROM runner");
  if (!query.executeStep()) return std::nullopt;
  return Runner{query.getColumn(0).getString(), query.getColumn(1).getString(),
                query.getColumn(2).getInt64(), query.getColumn(3).getDouble()};
}

std::string failure_text(const FailureRow& row) {
  std::string what = row.display;
  if (!row.variant.empty()) what += " (" + row.variant + ")";
  what += row.group ? ", latency at " + describe(*row.group) : ", " + row.task;
  const std::string first_line = row.message.substr(0, row.message.find('\n'));
  return fmt::format("  failed: {}: {}: {}{}\n", what, row.kind, first_line,
                     row.trial_hash.empty() ? "" : " [" + row.trial_hash.substr(0, 12) + "]");
}

std::string sweep_text(const SweepStatus& status) {
  const Snapshot& s = status.snapshot;
  std::string out = fmt::format("{}: {} on {} ({}), begun {}\n", s.sweep.name, s.sweep.model,
                                s.sweep.backend, s.sweep.device, s.sweep.started_at);
  out += fmt::format("  accuracy: {} of {} trials done", s.trials.done, s.trials.total());
  if (s.trials.running) out += fmt::format(", {} running", s.trials.running);
  if (s.trials.failed) out += fmt::format(", {} failed", s.trials.failed);
  out += "\n";
  for (const GroupProgress& g : status.groups) {
    out += fmt::format("  latency, {}: {} of {} plans measured", describe(g.group), g.measured,
                       status.measurable);
    if (g.failed) out += fmt::format(", {} failed", g.failed);
    out += "\n";
  }
  for (const FailureRow& row : s.failures) out += failure_text(row);
  return out;
}

ordered_json group_json(const GroupKey& group) {
  return {{"batch", group.batch}, {"seq_len", group.seq_len}, {"threads", group.threads}};
}

ordered_json sweep_json(const SweepStatus& status) {
  const Snapshot& s = status.snapshot;
  ordered_json json{
      {"sweep", s.sweep.name},       {"model", s.sweep.model},      {"backend", s.sweep.backend},
      {"device", s.sweep.device},    {"begun", s.sweep.started_at}, {"planned", s.trials.planned},
      {"running", s.trials.running}, {"done", s.trials.done},       {"failed", s.trials.failed}};
  json["latency"] = ordered_json::array();
  for (const GroupProgress& g : status.groups) {
    ordered_json entry = group_json(g.group);
    entry.update({{"plans", status.measurable}, {"measured", g.measured}, {"failed", g.failed}});
    json["latency"].push_back(std::move(entry));
  }
  json["failures"] = ordered_json::array();
  for (const FailureRow& row : s.failures) {
    ordered_json entry{{"plan", row.plan},
                       {"variant", row.variant},
                       {"scope", row.scope},
                       {"kind", row.kind},
                       {"message", row.message}};
    if (row.group)
      entry.update(group_json(*row.group));
    else
      entry.update({{"task", row.task}, {"trial_hash", row.trial_hash}});
    json["failures"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

std::string status_text(store::Store& store) {
  std::string out;
  const auto holder = runner(store.database());
  if (holder)
    out += fmt::format("Running: process {} on {} since {}, last seen {:.0f} s ago\n\n",
                       holder->pid, holder->host, holder->since, holder->seconds_silent);
  const auto names = sweep_names(store.database());
  if (names.empty()) out += "No sweep yet; start one with `herosweep run CONFIG`.\n";
  for (const std::string& name : names) out += sweep_text(sweep_status(store, name));
  return out;
}

std::string status_json(store::Store& store) {
  ordered_json json;
  if (const auto holder = runner(store.database()))
    json["runner"] = {{"pid", holder->pid},
                      {"host", holder->host},
                      {"since", holder->since},
                      {"seconds_silent", holder->seconds_silent}};
  json["sweeps"] = ordered_json::array();
  for (const std::string& name : sweep_names(store.database()))
    json["sweeps"].push_back(sweep_json(sweep_status(store, name)));
  return json.dump(1) + "\n";
}

}  // namespace herosweep::report
