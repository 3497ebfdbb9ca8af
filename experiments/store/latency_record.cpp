// Latency groups: raw samples of interleaved rounds, and the paired ratios that follow from them.
#include <algorithm>

#include "experiments/stats/stats.h"
#include "experiments/store/blob.h"
#include "experiments/store/impl.h"

namespace herosweep::store {

namespace {

constexpr double kNanosecondsPerMillisecond = 1e6;

std::vector<double> milliseconds(const std::vector<int64_t>& nanoseconds) {
  std::vector<double> values(nanoseconds.size());
  std::transform(nanoseconds.begin(), nanoseconds.end(), values.begin(),
                 [](int64_t ns) { return static_cast<double>(ns) / kNanosecondsPerMillisecond; });
  return values;
}

const measure::LatencySamples& baseline_samples(const measure::LatencyResult& result) {
  const auto is_baseline = [&](const auto& s) { return s.plan_hash == result.baseline_plan_hash; };
  const auto it = std::find_if(result.plans.begin(), result.plans.end(), is_baseline);
  if (it == result.plans.end())
    throw StoreError("a latency group came without samples of its baseline plan " +
                     result.baseline_plan_hash);
  return *it;
}

/// A ratio pairs rounds, so every plan must have a sample of every round.
void check_rounds(const measure::LatencyResult& result) {
  const size_t rounds = baseline_samples(result).nanoseconds.size();
  if (rounds == 0) throw StoreError("a latency group came without rounds");
  for (const measure::LatencySamples& plan : result.plans) {
    if (plan.nanoseconds.size() != rounds)
      throw StoreError(fmt::format("plan {} has {} latency samples, its baseline {}",
                                   plan.plan_hash, plan.nanoseconds.size(), rounds));
    if (std::any_of(plan.nanoseconds.begin(), plan.nanoseconds.end(),
                    [](int64_t ns) { return ns <= 0; }))
      throw StoreError(
          fmt::format("plan {} has a latency sample that is not positive", plan.plan_hash));
    if (!plan.wall_nanoseconds.empty() && plan.wall_nanoseconds.size() != rounds)
      throw StoreError(fmt::format("plan {} has {} samples of the host's clock for {} rounds",
                                   plan.plan_hash, plan.wall_nanoseconds.size(), rounds));
  }
}

void bind_clock(SQLite::Statement& statement, int index, double mhz) {
  if (mhz > 0)
    statement.bind(index, mhz);
  else
    statement.bind(index);
}

int64_t insert_group(SQLite::Database& db, const sweep::Sweep& sweep, const std::string& device,
                     int64_t environment_id, const measure::LatencyResult& result) {
  SQLite::Statement insert(
      db,
      "INSERT INTO latency_groups (weights_hash, backend, device, batch, seq_len, threads, "
      "baseline_plan_hash, rounds, warmup_rounds, environment_id, clock_mhz_before, "
      "clock_mhz_after) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING id");
  SQLite::bind(insert, sweep.model.weights_hash, sweep.backend, device, result.batch,
               result.seq_len, result.threads, result.baseline_plan_hash,
               static_cast<int64_t>(baseline_samples(result).nanoseconds.size()),
               result.warmup_rounds, environment_id);
  bind_clock(insert, 11, result.clock_mhz_before);
  bind_clock(insert, 12, result.clock_mhz_after);
  insert.executeStep();
  return insert.getColumn(0);
}

/// Older runs of the same plan in the same group step back; ?2 is the new group.
void retire_older_samples(SQLite::Database& db, const std::string& plan_hash, int64_t group_id) {
  execute(db,
          "UPDATE latency_samples SET current = 0 WHERE plan_hash = ?1 AND current = 1 AND "
          "group_id IN (SELECT o.id FROM latency_groups o JOIN latency_groups n ON n.id = ?2 "
          "WHERE o.id != n.id AND o.weights_hash = n.weights_hash AND o.backend = n.backend AND "
          "o.device = n.device AND o.batch = n.batch AND o.seq_len = n.seq_len AND "
          "o.threads = n.threads)",
          plan_hash, group_id);
}

void insert_samples(SQLite::Database& db, int64_t group_id, const measure::LatencySamples& plan,
                    const std::vector<double>& baseline_ms) {
  const std::vector<double> plan_ms = milliseconds(plan.nanoseconds);
  const stats::Ratio ratio = stats::paired_ratio(baseline_ms, plan_ms);
  const stats::Interval median = stats::median_interval(plan_ms);
  const std::string blob = pack_int64(plan.nanoseconds);
  SQLite::Statement insert(
      db,
      "INSERT INTO latency_samples (group_id, plan_hash, n, median_ms, median_low, median_high, "
      "min_ms, ratio, ratio_low, ratio_high, nanoseconds, p90_ms, p95_ms, p99_ms, "
      "wall_nanoseconds, wall_median_ms) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)");
  SQLite::bind(insert, group_id, plan.plan_hash, static_cast<int64_t>(plan_ms.size()),
               stats::median(plan_ms), median.low, median.high,
               *std::min_element(plan_ms.begin(), plan_ms.end()), ratio.ratio, ratio.interval.low,
               ratio.interval.high);
  insert.bindNoCopy(11, blob.data(), static_cast<int>(blob.size()));
  int index = 12;
  for (const double p : {0.90, 0.95, 0.99}) {
    if (const auto value = stats::percentile_if_supported(plan_ms, p))
      insert.bind(index, *value);
    else
      insert.bind(index);
    ++index;
  }
  if (!plan.wall_nanoseconds.empty()) {
    const std::string wall = pack_int64(plan.wall_nanoseconds);
    insert.bind(15, wall.data(), static_cast<int>(wall.size()));
    insert.bind(16, stats::median(milliseconds(plan.wall_nanoseconds)));
  }
  insert.exec();
}

void resolve_failures(SQLite::Database& db, const std::string& plan_hash, const sweep::Sweep& sweep,
                      const std::string& device, int batch, int seq_len, int threads) {
  execute(db,
          "UPDATE failures SET resolved_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') "
          "WHERE resolved_at IS NULL AND scope = 'latency' AND plan_hash = ?1 AND "
          "weights_hash = ?2 AND backend = ?3 AND device = ?4 AND batch = ?5 AND seq_len = ?6 AND "
          "threads = ?7",
          plan_hash, sweep.model.weights_hash, sweep.backend, device, batch, seq_len, threads);
}

bool exists(SQLite::Database& db, const char* sql, const std::string& plan_hash,
            const sweep::Sweep& sweep, const std::string& device, int batch, int seq_len,
            int threads) {
  SQLite::Statement query(db, sql);
  SQLite::bind(query, plan_hash, sweep.model.weights_hash, sweep.backend, device, batch, seq_len,
               threads);
  return query.executeStep();
}

}  // namespace

bool Store::has_latency(const sweep::Sweep& sweep, const std::string& plan_hash, int batch,
                        int seq_len, int threads) const {
  return impl_->guarded("look up a latency", [&] {
    return exists(impl_->db,
                  "SELECT 1 FROM latency_samples l JOIN latency_groups g ON g.id = l.group_id "
                  "WHERE l.current = 1 AND l.plan_hash = ?1 AND g.weights_hash = ?2 AND "
                  "g.backend = ?3 AND g.device = ?4 AND g.batch = ?5 AND g.seq_len = ?6 AND "
                  "g.threads = ?7",
                  plan_hash, sweep, impl_->device_of(sweep), batch, seq_len, threads);
  });
}

bool Store::has_latency_failure(const sweep::Sweep& sweep, const std::string& plan_hash, int batch,
                                int seq_len, int threads) const {
  return impl_->guarded("look up a latency failure", [&] {
    return exists(impl_->db,
                  "SELECT 1 FROM failures WHERE resolved_at IS NULL AND scope = 'latency' AND "
                  "plan_hash = ?1 AND weights_hash = ?2 AND backend = ?3 AND device = ?4 AND "
                  "batch = ?5 AND seq_len = ?6 AND threads = ?7",
                  plan_hash, sweep, impl_->device_of(sweep), batch, seq_len, threads);
  });
}

void Store::record_latency(int64_t sweep_id, const sweep::Sweep& sweep,
                           const measure::LatencyResult& result) {
  check_rounds(result);
  impl_->write("record a latency group", [&] {
    SQLite::Database& db = impl_->db;
    const std::string device = impl_->device_of(sweep);
    const int64_t group_id =
        insert_group(db, sweep, device, impl_->environment_of(sweep_id), result);
    const std::vector<double> baseline_ms = milliseconds(baseline_samples(result).nanoseconds);
    for (const measure::LatencySamples& plan : result.plans) {
      retire_older_samples(db, plan.plan_hash, group_id);
      insert_samples(db, group_id, plan, baseline_ms);
      resolve_failures(db, plan.plan_hash, sweep, device, result.batch, result.seq_len,
                       result.threads);
    }
  });
}

void Store::record_latency_failure(int64_t sweep_id, const sweep::Sweep& sweep,
                                   const std::string& plan_hash, int batch, int seq_len,
                                   int threads, const Failure& failure) {
  // Interrupted work is simply missing, and runs again by itself.
  if (failure.kind == "interrupted") return;
  impl_->write("record a latency failure", [&] {
    SQLite::Database& db = impl_->db;
    impl_->environment_of(sweep_id);  // the sweep must exist
    const std::string device = impl_->device_of(sweep);
    resolve_failures(db, plan_hash, sweep, device, batch, seq_len, threads);
    execute(db,
            "INSERT INTO failures (scope, plan_hash, weights_hash, backend, device, batch, "
            "seq_len, threads, kind, message, log_tail) "
            "VALUES ('latency', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            plan_hash, sweep.model.weights_hash, sweep.backend, device, batch, seq_len, threads,
            failure.kind, failure.message, failure.log_tail);
  });
}

}  // namespace herosweep::store
