// What one accuracy pass measured, all its tasks in one transaction.
#include <cmath>

#include "core/quant/calibration.h"
#include "experiments/store/blob.h"
#include "experiments/store/impl.h"

namespace herosweep::store {

namespace {

void check_result(const std::vector<std::string>& trial_hashes,
                  const measure::AccuracyResult& result) {
  if (trial_hashes.size() != result.tasks.size())
    throw StoreError(fmt::format("a result of {} tasks came for {} trials", result.tasks.size(),
                                 trial_hashes.size()));
  for (const measure::TaskResult& task : result.tasks)
    if (!std::isfinite(task.value) || !std::isfinite(task.interval.low) ||
        !std::isfinite(task.interval.high))
      throw StoreError(fmt::format("task {}: {} is {} [{}, {}]; only finite values are stored",
                                   task.task, task.metric, task.value, task.interval.low,
                                   task.interval.high));
}

int64_t insert_pass(SQLite::Database& db, int64_t sweep_id, int64_t environment_id,
                    const std::string& plan_hash, const measure::AccuracyResult& result) {
  execute(db,
          "UPDATE passes SET current = 0 WHERE current = 1 AND plan_hash = ?1 AND "
          "(weights_hash, backend) = (SELECT weights_hash, backend FROM sweeps WHERE id = ?2) AND "
          "device = (SELECT device FROM environment WHERE id = ?3)",
          plan_hash, sweep_id, environment_id);
  SQLite::Statement insert(
      db,
      "INSERT INTO passes (plan_hash, weights_hash, backend, device, environment_id, execution, "
      "compute_dtype, seconds, calibration_rows, calibration_rows_asked, launches_per_layer, "
      "quantize_operators, floored_scales) "
      "SELECT ?1, s.weights_hash, s.backend, e.device, e.id, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 "
      "FROM sweeps s, environment e WHERE s.id = ?2 AND e.id = ?3 RETURNING id");
  SQLite::bind(insert, plan_hash, sweep_id, environment_id, result.execution, result.compute_dtype,
               result.seconds, result.calibration_rows, result.calibration_rows_asked,
               result.launches_per_layer, result.quantize_operators, result.floored_scales);
  insert.executeStep();
  const int64_t pass_id = insert.getColumn(0);
  insert.reset();
  execute(db, "INSERT INTO memory VALUES (?1, ?2, ?3, ?4)", pass_id, result.weight_bytes,
          result.workspace_bytes, result.peak_rss_bytes);
  return pass_id;
}

void insert_layers(SQLite::Database& db, int64_t pass_id, const measure::AccuracyResult& result) {
  SQLite::Statement error(db, "INSERT INTO module_error VALUES (?1, ?2, ?3, ?4)");
  for (const measure::ModuleError& layer : result.layers) {
    SQLite::bind(error, pass_id, layer.layer);
    bind_finite(error, 3, layer.cosine);
    bind_finite(error, 4, layer.sqnr_db);
    error.exec();
    error.reset();
  }
  for (const engine::SaturationCount& count : result.saturation)
    execute(db, "INSERT INTO saturation VALUES (?1, ?2, ?3, ?4, ?5)", pass_id, count.layer,
            std::string(quant::name(count.site)), count.elements, count.at_limit);
}

void insert_accuracy(SQLite::Database& db, const std::string& trial_hash, int64_t pass_id,
                     const measure::TaskResult& task) {
  SQLite::Statement insert(
      db,
      "INSERT OR REPLACE INTO accuracy (trial_hash, pass_id, metric, value, ci_low, ci_high, n, "
      "head_hash, flips, drift, cosine, kl, max_error) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
  SQLite::bind(insert, trial_hash, pass_id, task.metric, task.value, task.interval.low,
               task.interval.high, task.n, task.head_hash);
  if (task.flips >= 0) insert.bind(9, task.flips);
  bind_finite(insert, 10, task.drift);
  bind_finite(insert, 11, task.cosine);
  bind_finite(insert, 12, task.kl);
  bind_finite(insert, 13, task.max_error);
  insert.exec();
}

void insert_outcomes(SQLite::Database& db, const std::string& trial_hash,
                     const tasks::Outcomes& outcomes) {
  const PackedOutcomes packed = pack_outcomes(outcomes);
  SQLite::Statement insert(db, "INSERT OR REPLACE INTO outcomes VALUES (?1, ?2, ?3, ?4)");
  SQLite::bind(insert, trial_hash, packed.examples, packed.crc32);
  insert.bindNoCopy(4, packed.data.data(), static_cast<int>(packed.data.size()));
  insert.exec();
}

void mark_done(SQLite::Database& db, const std::string& trial_hash) {
  execute(db,
          "UPDATE trials SET state = 'done', finished_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
          "WHERE trial_hash = ?1",
          trial_hash);
  execute(db,
          "UPDATE failures SET resolved_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
          "WHERE trial_hash = ?1 AND resolved_at IS NULL",
          trial_hash);
}

}  // namespace

void Store::record_accuracy(int64_t sweep_id, const std::vector<std::string>& trial_hashes,
                            const std::string& plan_hash, const measure::AccuracyResult& result) {
  check_result(trial_hashes, result);
  impl_->write("record an accuracy pass", [&] {
    SQLite::Database& db = impl_->db;
    const int64_t pass_id =
        insert_pass(db, sweep_id, impl_->environment_of(sweep_id), plan_hash, result);
    insert_layers(db, pass_id, result);
    for (size_t i = 0; i < trial_hashes.size(); ++i) {
      insert_accuracy(db, trial_hashes[i], pass_id, result.tasks[i]);
      insert_outcomes(db, trial_hashes[i], result.tasks[i].outcomes);
      mark_done(db, trial_hashes[i]);
    }
  });
}

}  // namespace herosweep::store
