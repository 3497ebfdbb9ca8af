#include "experiments/report/rows.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/util/error.h"

namespace herosweep::report {

namespace {

using SQLite::Column;
using SQLite::Statement;

std::optional<double> optional_real(const Column& column) {
  return column.isNull() ? std::nullopt : std::optional(column.getDouble());
}

std::optional<int64_t> optional_integer(const Column& column) {
  return column.isNull() ? std::nullopt : std::optional(column.getInt64());
}

/// Reads columns one after the other, so that a query's list and its reader stay in step.
class Reader {
 public:
  explicit Reader(Statement& statement) : statement_(statement) {}
  Column next() { return statement_.getColumn(index_++); }
  std::string text() { return next().getString(); }
  int integer() { return next().getInt(); }
  int64_t integer64() { return next().getInt64(); }
  double real() { return next().getDouble(); }

 private:
  Statement& statement_;
  int index_ = 0;
};

constexpr const char* kPlanColumns =
    "plan, display, variant, device, plan_hash, execution, compute_dtype, seed, is_fp16, position";

void read_plan(Reader& reader, PlanColumns& row) {
  row.plan = reader.text();
  row.display = reader.text();
  row.variant = reader.text();
  row.device = reader.text();
  row.plan_hash = reader.text();
  row.execution = reader.text();
  row.compute_dtype = reader.text();
  row.seed = reader.integer64();
  row.is_fp16 = reader.integer() != 0;
  row.position = reader.integer();
}

std::vector<std::string> column_of(SQLite::Database& db, const std::string& sql) {
  std::vector<std::string> values;
  Statement query(db, sql);
  while (query.executeStep()) values.push_back(query.getColumn(0).getString());
  return values;
}

SweepInfo pick_sweep(SQLite::Database& db, const Filter& filter) {
  Statement query(db,
                  "SELECT s.id, s.name, s.model, s.backend, e.device, s.weights_hash, s.config, "
                  "s.model_layers, s.model_hidden, s.model_heads, s.model_intermediate, s.caption, "
                  "s.label_prefix, s.notes, s.started_at, e.json "
                  "FROM sweeps s JOIN environment e ON e.id = s.environment_id WHERE s.current = 1 "
                  "AND (?1 = '' OR s.name = ?1) AND (?2 = '' OR s.model = ?2) "
                  "AND (?3 = '' OR s.backend = ?3) ORDER BY s.started_at DESC, s.id DESC LIMIT 1");
  query.bind(1, filter.sweep);
  query.bind(2, filter.model);
  query.bind(3, filter.backend);
  if (!query.executeStep()) {
    const auto all = column_of(db,
                               "SELECT name || ' (' || model || ', ' || backend || ')' FROM sweeps "
                               "WHERE current = 1 ORDER BY name");
    throw StoreError(
        all.empty() ? "the database has no sweep yet; start one with `herosweep run`"
                    : fmt::format("no sweep matches; the database has {}", fmt::join(all, ", ")));
  }
  Reader r(query);
  SweepInfo info;
  info.id = r.integer64();
  for (std::string* field :
       {&info.name, &info.model, &info.backend, &info.device, &info.weights_hash, &info.config})
    *field = r.text();
  for (int* field : {&info.layers, &info.hidden, &info.heads, &info.intermediate})
    *field = r.integer();
  for (std::string* field :
       {&info.caption, &info.label_prefix, &info.notes, &info.started_at, &info.environment})
    *field = r.text();
  return info;
}

std::vector<TaskInfo> load_tasks(SQLite::Database& db, int64_t sweep_id, const Filter& filter) {
  Statement query(db, "SELECT task, metric FROM sweep_tasks WHERE sweep_id = ?1 ORDER BY position");
  query.bind(1, sweep_id);
  std::vector<TaskInfo> tasks;
  std::vector<std::string> all;
  while (query.executeStep()) {
    Reader r(query);
    TaskInfo task{r.text(), r.text()};
    all.push_back(task.name);
    if (filter.task.empty() || filter.task == task.name) tasks.push_back(std::move(task));
  }
  if (tasks.empty())
    throw StoreError(
        fmt::format("the sweep has no task '{}'; it has {}", filter.task, fmt::join(all, ", ")));
  return tasks;
}

bool accepts(const Filter& filter, const GroupKey& group) {
  return (!filter.batch || *filter.batch == group.batch) &&
         (!filter.seq_len || *filter.seq_len == group.seq_len) &&
         (!filter.threads || *filter.threads == group.threads);
}

std::vector<GroupKey> load_groups(SQLite::Database& db, int64_t sweep_id, const Filter& filter) {
  Statement query(db,
                  "SELECT batch, seq_len, threads FROM sweep_latency WHERE sweep_id = ?1 "
                  "ORDER BY threads, seq_len, batch");
  query.bind(1, sweep_id);
  std::vector<GroupKey> groups;
  std::vector<std::string> all;
  while (query.executeStep()) {
    Reader r(query);
    const GroupKey group{r.integer(), r.integer(), r.integer()};
    all.push_back(
        fmt::format("batch {} seq_len {} threads {}", group.batch, group.seq_len, group.threads));
    if (accepts(filter, group)) groups.push_back(group);
  }
  if (groups.empty() && !all.empty())
    throw StoreError(
        fmt::format("the sweep has no such latency group; it has {}", fmt::join(all, "; ")));
  return groups;
}

std::vector<ResultRow> load_results(SQLite::Database& db, int64_t sweep_id, const Filter& filter) {
  Statement query(
      db, fmt::format("SELECT {}, task, trial_hash, metric, value, ci_low, ci_high, n, flips, "
                      "drift, cosine, kl, max_error, weight_bytes, calibration_rows, "
                      "calibration_rows_asked FROM v_results WHERE sweep_id = ?1 AND (?2 = '' OR "
                      "task = ?2) ORDER BY position",
                      kPlanColumns));
  query.bind(1, sweep_id);
  query.bind(2, filter.task);
  std::vector<ResultRow> rows;
  while (query.executeStep()) {
    Reader r(query);
    ResultRow row;
    read_plan(r, row);
    row.task = r.text();
    row.trial_hash = r.text();
    row.metric = r.text();
    row.value = r.real();
    row.ci_low = r.real();
    row.ci_high = r.real();
    row.n = r.integer();
    row.flips = optional_integer(r.next());
    row.drift = optional_real(r.next());
    row.cosine = optional_real(r.next());
    row.kl = optional_real(r.next());
    row.max_error = optional_real(r.next());
    row.weight_bytes = r.integer64();
    row.calibration_rows = r.integer();
    row.calibration_rows_asked = r.integer();
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<LatencyRow> load_latency(SQLite::Database& db, const SweepInfo& sweep,
                                     const Filter& filter) {
  Statement query(
      db,
      fmt::format(
          "SELECT {}, batch, seq_len, threads, group_id, n, median_ms, median_low, median_high, "
          "min_ms, p90_ms, clock_mhz_before, clock_mhz_after, ratio, ratio_low, "
          "ratio_high, fp16_ms, peer_version, wall_median_ms FROM v_latency WHERE sweep_id = ?1 "
          "AND device = ?2 ORDER BY position",
          kPlanColumns));
  query.bind(1, sweep.id);
  query.bind(2, sweep.device);
  std::vector<LatencyRow> rows;
  while (query.executeStep()) {
    Reader r(query);
    LatencyRow row;
    read_plan(r, row);
    row.group = {r.integer(), r.integer(), r.integer()};
    row.group_id = r.integer64();
    row.n = r.integer();
    for (double* field : {&row.median_ms, &row.median_low, &row.median_high, &row.min_ms})
      *field = r.real();
    for (auto* field : {&row.p90_ms, &row.clock_mhz_before, &row.clock_mhz_after})
      *field = optional_real(r.next());
    for (double* field : {&row.ratio, &row.ratio_low, &row.ratio_high, &row.fp16_ms})
      *field = r.real();
    row.peer_version = r.text();
    row.wall_ms = optional_real(r.next());
    if (accepts(filter, row.group)) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<MemoryRow> load_memory(SQLite::Database& db, int64_t sweep_id) {
  Statement query(db, fmt::format("SELECT {}, weight_bytes, workspace_bytes, peak_bytes FROM "
                                  "v_memory WHERE sweep_id = ?1 ORDER BY position",
                                  kPlanColumns));
  query.bind(1, sweep_id);
  std::vector<MemoryRow> rows;
  while (query.executeStep()) {
    Reader r(query);
    MemoryRow row;
    read_plan(r, row);
    row.weight_bytes = r.integer64();
    row.workspace_bytes = r.integer64();
    row.peak_bytes = r.integer64();
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<FailureRow> load_failures(SQLite::Database& db, int64_t sweep_id) {
  Statement query(db,
                  "SELECT plan, display, variant, task, scope, kind, message, trial_hash, batch, "
                  "seq_len, threads FROM v_failures WHERE sweep_id = ?1 ORDER BY position");
  query.bind(1, sweep_id);
  std::vector<FailureRow> rows;
  while (query.executeStep()) {
    Reader r(query);
    FailureRow row;
    for (std::string* field : {&row.plan, &row.display, &row.variant, &row.task, &row.scope,
                               &row.kind, &row.message, &row.trial_hash})
      *field = r.text();
    if (row.scope == "latency") row.group = GroupKey{r.integer(), r.integer(), r.integer()};
    rows.push_back(std::move(row));
  }
  return rows;
}

TrialCounts load_counts(SQLite::Database& db, int64_t sweep_id) {
  Statement query(db,
                  "SELECT sum(state = 'planned'), sum(state = 'running'), sum(state = 'done'), "
                  "sum(state = 'failed') FROM sweep_trials JOIN trials USING (trial_hash) "
                  "WHERE sweep_id = ?1");
  query.bind(1, sweep_id);
  query.executeStep();
  Reader r(query);
  return {r.integer(), r.integer(), r.integer(), r.integer()};
}

}  // namespace

Snapshot load_snapshot(store::Store& store, const Filter& filter) {
  SQLite::Database& db = store.database();
  return reading(store, [&] {
    Snapshot s;
    s.sweep = pick_sweep(db, filter);
    s.tasks = load_tasks(db, s.sweep.id, filter);
    s.groups = load_groups(db, s.sweep.id, filter);
    s.results = load_results(db, s.sweep.id, filter);
    s.latency = load_latency(db, s.sweep, filter);
    s.memory = load_memory(db, s.sweep.id);
    s.failures = load_failures(db, s.sweep.id);
    s.schemes = load_schemes(db, s.sweep.id);
    s.trials = load_counts(db, s.sweep.id);
    keep_plans(s, filter.plans);
    return s;
  });
}

std::vector<Snapshot> load_snapshots(store::Store& store, const Filter& filter) {
  const auto names = reading(store, [&] {
    Statement query(store.database(),
                    "SELECT name FROM sweeps WHERE current = 1 AND (?1 = '' OR name = ?1) AND "
                    "(?2 = '' OR model = ?2) AND (?3 = '' OR backend = ?3) "
                    "ORDER BY started_at DESC, id DESC");
    query.bind(1, filter.sweep);
    query.bind(2, filter.model);
    query.bind(3, filter.backend);
    std::vector<std::string> found;
    while (query.executeStep()) found.push_back(query.getColumn(0).getString());
    return found;
  });
  // Without a match the one sweep that is asked for says what there is.
  if (names.empty()) return {load_snapshot(store, filter)};
  std::vector<Snapshot> snapshots;
  snapshots.reserve(names.size());
  for (const std::string& name : names) snapshots.push_back(load_snapshot(store, {.sweep = name}));
  return snapshots;
}

}  // namespace herosweep::report
