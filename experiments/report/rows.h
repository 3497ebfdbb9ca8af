// Rows of the database's views as structs, for the one sweep that a filter picks.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/util/error.h"
#include "experiments/report/report.h"

namespace herosweep::report {

struct SweepInfo {
  int64_t id = 0;
  std::string name, model, backend, device, weights_hash, config;
  int layers = 0, hidden = 0, heads = 0, intermediate = 0;
  std::string caption, label_prefix, notes;
  std::string started_at;
  std::string environment;  // JSON
};

struct TaskInfo {
  std::string name;
  std::string metric;
};

struct GroupKey {
  int batch = 0, seq_len = 0, threads = 0;
  bool operator==(const GroupKey&) const = default;
  bool operator<(const GroupKey& o) const {
    return std::tie(batch, seq_len, threads) < std::tie(o.batch, o.seq_len, o.threads);
  }
};

/// What every view says of a plan.
struct PlanColumns {
  std::string plan, display, variant, device, plan_hash, execution, compute_dtype;
  int64_t seed = 0;
  bool is_fp16 = false;
  int position = 0;
  bool is_peer() const { return execution == "peer"; }  // another engine: it has no schemes
};

struct ResultRow : PlanColumns {
  std::string task, trial_hash, metric;
  double value = 0, ci_low = 0, ci_high = 0;
  int n = 0;
  std::optional<int64_t> flips;
  std::optional<double> drift, cosine, kl, max_error;
  int64_t weight_bytes = 0;
  int calibration_rows = 0, calibration_rows_asked = 0;
};

struct LatencyRow : PlanColumns {
  GroupKey group;
  int64_t group_id = 0;  // of Store::latency_ns
  int n = 0;
  double median_ms = 0, median_low = 0, median_high = 0, min_ms = 0;
  std::optional<double> p90_ms, clock_mhz_before, clock_mhz_after;
  double ratio = 0, ratio_low = 0, ratio_high = 0, fp16_ms = 0;
  std::string peer_version;  // of a peer that says it
  std::optional<double> wall_ms;
};

struct MemoryRow : PlanColumns {
  int64_t weight_bytes = 0, workspace_bytes = 0, peak_bytes = 0;
};

struct FailureRow {
  std::string plan, display, variant, task, scope, kind, message, trial_hash;
  std::optional<GroupKey> group;
};

/// What a plan does in one module: "int8", or "int8 in 11 layers, fp16 in 1".
struct ModuleScheme {
  std::string module, scheme;
};

struct TrialCounts {
  int planned = 0, running = 0, done = 0, failed = 0;
  int total() const { return planned + running + done + failed; }
};

/// Everything that tables, plot and page show, read in one transaction so that a running sweep
/// cannot change it half-way. Rows are in plan order; latencies are of the sweep's device alone.
struct Snapshot {
  SweepInfo sweep;
  std::vector<TaskInfo> tasks;
  std::vector<GroupKey> groups;
  std::vector<ResultRow> results;
  std::vector<LatencyRow> latency;
  std::vector<MemoryRow> memory;
  std::vector<FailureRow> failures;
  std::map<std::string, std::vector<ModuleScheme>> schemes;  // by plan hash, in data order
  TrialCounts trials;
};

/// Throws StoreError when the database has no sweep, or none that the filter accepts.
Snapshot load_snapshot(store::Store& store, const Filter& filter);

/// Every sweep that the filter's sweep, model and backend accept, newest first; its other fields
/// are not read. Throws StoreError when there is none.
std::vector<Snapshot> load_snapshots(store::Store& store, const Filter& filter);

/// Schemes of every plan of a sweep.
std::map<std::string, std::vector<ModuleScheme>> load_schemes(SQLite::Database& db,
                                                              int64_t sweep_id);

/// Keeps the plans of these names (canonical or as shown, in any case) and FP16; all when there
/// are none. Throws StoreError for a name that no plan of the sweep has.
void keep_plans(Snapshot& snapshot, const std::vector<std::string>& names);

/// Runs `body` in one read transaction. SQLite's exceptions become StoreErrors naming the file.
template <typename Body>
auto reading(store::Store& store, Body body) {
  try {
    const SQLite::Transaction transaction(store.database());
    return body();
  } catch (const SQLite::Exception& e) {
    throw StoreError(store.file().string() + ": cannot be read: " + e.what());
  }
}

/// What a reader must know before believing the numbers: one sentence each, most serious first.
std::vector<std::string> warnings(const Snapshot& snapshot);

/// A line for each peer of the group: what it is, its time and its ratio to FP16. Peers have no
/// accuracy, so that fronts cannot hold them.
std::vector<std::string> peer_notes(const Snapshot& snapshot, const GroupKey& group);

/// What the words and marks in a table mean, as far as this snapshot uses them.
std::vector<std::string> notes(const Snapshot& snapshot);

}  // namespace herosweep::report
