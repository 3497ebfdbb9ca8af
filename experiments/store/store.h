// The results database: one SQLite file (schema: docs/database.md). The parent process is its only
// writer.
#pragma once

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
  std::string kind;  // crash | timeout | oom | nan | data | model | plan | error | interrupted
  std::string message;
  std::string log_tail;
};

class Store {
 public:
  enum class Mode { read_only, read_write };
  /// Opens or creates the file, applies migrations (read_write) or checks the version (read_only).
  /// Throws StoreError: newer version, locked by a live runner, not a database, folder missing or
  /// read-only.
  Store(const std::filesystem::path& file, Mode mode);
  ~Store();

  /// Records the sweep (by name and config), its environment block (JSON object) and all planned
  /// trials and plans in one transaction; trials that exist already are linked, not repeated.
  /// Returns the sweep's id.
  int64_t begin_sweep(const sweep::Sweep& sweep, const nlohmann::json& environment);
  /// Claims this database for one runner (host, boot id, pid, heartbeat); stale claims and the
  /// running rows they left are reclaimed. Throws StoreError when a live runner holds it.
  void claim_runner();
  void heartbeat();
  void release_runner();

  TrialState state(const std::string& trial_hash) const;
  void mark_running(const std::vector<std::string>& trial_hashes);
  /// All trials of one variant, in one transaction. `trial_hashes[i]` belongs to `result.tasks[i]`.
  void record_accuracy(int64_t sweep_id, const std::vector<std::string>& trial_hashes,
                       const std::string& plan_hash, const measure::AccuracyResult& result);
  void record_failure(const std::string& trial_hash, const Failure& failure);

  /// Identity of a latency group's plan: (weights hash, backend, device, batch, seq_len, threads,
  /// plan hash).
  bool has_latency(const sweep::Sweep& sweep, const std::string& plan_hash, int batch, int seq_len,
                   int threads) const;
  void record_latency(int64_t sweep_id, const sweep::Sweep& sweep,
                      const measure::LatencyResult& result);
  void record_latency_failure(int64_t sweep_id, const sweep::Sweep& sweep,
                              const std::string& plan_hash, int batch, int seq_len, int threads,
                              const Failure& failure);

  /// For readers that query the views (report, notebooks' twins).
  SQLite::Database& database();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace herosweep::store
