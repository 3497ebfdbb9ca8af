// The results database: one SQLite file (schema: docs/database.md). The parent process is its only
// writer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/measure/protocol.h"
#include "experiments/sweep/trial.h"

namespace SQLite {
class Database;
}

namespace herosweep::store {

enum class TrialState { planned, running, done, failed };

struct Failure {
  std::string kind;  // crash|timeout|oom|nan|checksum|data|model|plan|error|interrupted
  std::string message;
  std::string log_tail;
};

/// Every function that touches the file throws StoreError when it cannot be read or written (full
/// disk, lost file, lock held beyond the busy timeout). One thread uses one Store.
class Store {
 public:
  enum class Mode { read_only, read_write };
  /// Opens or creates the file, applies migrations (read_write) or checks the version (read_only).
  /// Throws StoreError: newer version, locked by a live runner, not a database, folder missing or
  /// read-only.
  Store(const std::filesystem::path& file, Mode mode);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Records the sweep (by name and config), its environment block (JSON object) and all planned
  /// trials and plans in one transaction; trials that exist already are linked, not repeated.
  /// Returns the sweep's id. The views show the sweep last begun under a name.
  ///
  /// Read from the environment, all optional: "device" (name of the CPU or GPU that runs the sweep;
  /// part of a latency's identity; default: "cpu", then the backend's name), "host", "cpu", "gpu",
  /// "driver", "git_sha", "git_dirty" (bool), "diff_hash". The rest is kept as it is.
  int64_t begin_sweep(const sweep::Sweep& sweep, const nlohmann::json& environment);
  /// Claims this database for one runner (host, boot id, pid, heartbeat); stale claims and the
  /// running rows they left are reclaimed. Throws StoreError when a live runner holds it.
  void claim_runner();
  /// At least every kHeartbeatSeconds. Throws StoreError when the claim was taken over.
  void heartbeat();
  void release_runner();

  /// Throws StoreError for a trial that no sweep has planned.
  TrialState state(const std::string& trial_hash) const;
  void mark_running(const std::vector<std::string>& trial_hashes);
  /// All trials of one variant, in one transaction. `trial_hashes[i]` belongs to `result.tasks[i]`.
  /// Trials that were done already are replaced. Throws StoreError for a value that is not finite.
  void record_accuracy(int64_t sweep_id, const std::vector<std::string>& trial_hashes,
                       const std::string& plan_hash, const measure::AccuracyResult& result);
  /// A trial that fails with kind "interrupted" goes back to planned and leaves no failure row.
  void record_failure(const std::string& trial_hash, const Failure& failure);

  /// Identity of a latency group's plan: (weights hash, backend, device, batch, seq_len, threads,
  /// plan hash). The device is that of the sweep's environment, so begin_sweep comes first.
  bool has_latency(const sweep::Sweep& sweep, const std::string& plan_hash, int batch, int seq_len,
                   int threads) const;
  /// A failure that no later success has resolved.
  bool has_latency_failure(const sweep::Sweep& sweep, const std::string& plan_hash, int batch,
                           int seq_len, int threads) const;
  /// Keeps the run of the group with all its samples. A plan that was measured before keeps its
  /// older samples too, but the views show this run's: ratios pair rounds of one process, so
  /// samples of two runs are never pooled.
  void record_latency(int64_t sweep_id, const sweep::Sweep& sweep,
                      const measure::LatencyResult& result);
  void record_latency_failure(int64_t sweep_id, const sweep::Sweep& sweep,
                              const std::string& plan_hash, int batch, int seq_len, int threads,
                              const Failure& failure);

  /// Per-example outcomes of a done trial. Throws StoreError when there are none or their checksum
  /// is wrong.
  tasks::Outcomes outcomes(const std::string& trial_hash) const;
  /// Raw samples of a plan in one run of a group (v_latency.group_id), in round order.
  std::vector<int64_t> latency_ns(int64_t group_id, const std::string& plan_hash) const;

  const std::filesystem::path& file() const;
  /// For readers that query the views (report, notebooks' twins).
  SQLite::Database& database();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The device that an environment block (see Store::begin_sweep) means.
std::string device_name(const nlohmann::json& environment, const std::string& backend);

/// A claim whose process cannot be looked up (another host or container) is stale after four
/// missed heartbeats.
inline constexpr double kHeartbeatSeconds = 15;

}  // namespace herosweep::store
