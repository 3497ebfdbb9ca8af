#include "experiments/store/store.h"

#include <sqlite3.h>

#include <cmath>

#include "experiments/store/blob.h"
#include "experiments/store/impl.h"

namespace herosweep::store {

std::string Store::Impl::explain(const char* what, const SQLite::Exception& e) const {
  std::string remedy = "check the file with `sqlite3 FILE 'PRAGMA integrity_check'`";
  switch (e.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      remedy = "another process holds the lock; end it and try again";
      break;
    case SQLITE_FULL:
    case SQLITE_IOERR:
      remedy =
          "free some disk space, or lift the quota or limit that refused it, and start the same "
          "command again; nothing done is lost";
      break;
    case SQLITE_READONLY:
      remedy = "the database was opened for reading, or its folder is read-only";
      break;
    case SQLITE_CONSTRAINT:
      remedy = "it refers to something that was not recorded, or repeats what was";
      break;
    default:
      break;
  }
  return fmt::format("{}: could not {}: {}; {}", file.string(), what, e.what(), remedy);
}

void bind_finite(SQLite::Statement& statement, int index, double value) {
  if (std::isfinite(value))
    statement.bind(index, value);
  else
    statement.bind(index);
}

Store::Store(const std::filesystem::path& file, Mode mode)
    : impl_(new Impl{file, open_database(file, mode), {}}) {}

Store::~Store() {
  try {
    release_runner();
  } catch (const StoreError&) {
    // A claim that cannot be given back is seen as stale by the next runner.
  }
}

const std::filesystem::path& Store::file() const { return impl_->file; }

SQLite::Database& Store::database() { return impl_->db; }

TrialState Store::state(const std::string& trial_hash) const {
  return impl_->guarded("read a trial", [&] {
    SQLite::Statement query(impl_->db, "SELECT state FROM trials WHERE trial_hash = ?1");
    query.bind(1, trial_hash);
    if (!query.executeStep())
      throw StoreError(fmt::format("{}: trial {} is not planned in this database",
                                   impl_->file.string(), trial_hash));
    const std::string state = query.getColumn(0);
    if (state == "running") return TrialState::running;
    if (state == "done") return TrialState::done;
    return state == "failed" ? TrialState::failed : TrialState::planned;
  });
}

void Store::mark_running(const std::vector<std::string>& trial_hashes) {
  impl_->write("mark trials as running", [&] {
    for (const std::string& hash : trial_hashes)
      execute(impl_->db,
              "UPDATE trials SET state = 'running', attempts = attempts + 1, finished_at = NULL, "
              "started_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE trial_hash = ?1",
              hash);
  });
}

void Store::record_failure(const std::string& trial_hash, const Failure& failure) {
  const bool interrupted = failure.kind == "interrupted";
  impl_->write("record a failure", [&] {
    SQLite::Database& db = impl_->db;
    execute(db,
            "UPDATE trials SET state = ?2, finished_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
            "WHERE trial_hash = ?1",
            trial_hash, interrupted ? "planned" : "failed");
    if (interrupted) return;
    execute(db,
            "UPDATE failures SET resolved_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
            "WHERE trial_hash = ?1 AND resolved_at IS NULL",
            trial_hash);
    // The device is that of the sweep begun last with this trial.
    const int rows = execute(
        db,
        "INSERT INTO failures (scope, trial_hash, plan_hash, weights_hash, backend, device, kind, "
        "message, log_tail) "
        "SELECT 'accuracy', t.trial_hash, t.plan_hash, t.weights_hash, t.backend, e.device, ?2, "
        "?3, ?4 FROM trials t JOIN sweep_trials st ON st.trial_hash = t.trial_hash "
        "JOIN sweeps s ON s.id = st.sweep_id JOIN environment e ON e.id = s.environment_id "
        "WHERE t.trial_hash = ?1 ORDER BY s.started_at DESC LIMIT 1",
        trial_hash, failure.kind, failure.message, failure.log_tail);
    if (rows == 0)
      throw StoreError(fmt::format("{}: trial {} is not planned in this database",
                                   impl_->file.string(), trial_hash));
  });
}

tasks::Outcomes Store::outcomes(const std::string& trial_hash) const {
  return impl_->guarded("read outcomes", [&] {
    SQLite::Statement query(impl_->db,
                            "SELECT examples, crc32, data FROM outcomes WHERE trial_hash = ?1");
    query.bind(1, trial_hash);
    if (!query.executeStep())
      throw StoreError(fmt::format("{}: trial {} has no outcomes; run it first",
                                   impl_->file.string(), trial_hash));
    return unpack_outcomes({query.getColumn(0).getInt64(), query.getColumn(1).getInt64(),
                            query.getColumn(2).getString()});
  });
}

std::vector<int64_t> Store::latency_ns(int64_t group_id, const std::string& plan_hash) const {
  return impl_->guarded("read latency samples", [&] {
    SQLite::Statement query(
        impl_->db,
        "SELECT nanoseconds FROM latency_samples WHERE group_id = ?1 AND plan_hash = ?2");
    SQLite::bind(query, group_id, plan_hash);
    if (!query.executeStep())
      throw StoreError(fmt::format("{}: plan {} was not measured in latency group {}",
                                   impl_->file.string(), plan_hash, group_id));
    const SQLite::Column column = query.getColumn(0);
    return unpack_int64(column.getBlob(), static_cast<size_t>(column.getBytes()));
  });
}

}  // namespace herosweep::store
