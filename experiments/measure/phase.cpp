#include "experiments/measure/phase.h"

#include "experiments/measure/cost.h"

namespace herosweep::measure {

namespace {

// After Ctrl-C, trials in flight get this long to finish; short ones are not thrown away.
constexpr double kGraceSeconds = 10.0;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Setting RunState::setting(int threads) const {
  return {sweep.model.directory, sweep.backend, threads, options.cache, sweep.model.weights_hash};
}

bool RunState::failure_limit_reached() const {
  if (options.fail_fast && failed > 0) return true;
  return options.max_failures > 0 && failed >= options.max_failures;
}

double estimated_seconds(const RunState& run, const LatencyWork& work) {
  const double passes = static_cast<double>(work.plans.size()) *
                        latency_passes(work.rounds, work.batch * work.seq_len);
  const double rate = run.latency_rate > 0 ? run.latency_rate : kAssumedOperationsPerSecond;
  return passes *
         pass_operations(run.sweep.model.config, static_cast<double>(work.batch) * work.seq_len,
                         work.seq_len) /
         (rate * work.threads);
}

void Phase::tick() {
  if (seconds_since(run_.last_heartbeat) > store::kHeartbeatSeconds / 2) {
    run_.store.heartbeat();
    run_.last_heartbeat = std::chrono::steady_clock::now();
  }
  run_.display.show(progress());
}

JobListener::Stop Phase::stop() {
  if (!run_.must_stop()) return Stop::no;
  if (!announced_stop_) {
    announced_stop_ = true;
    stop_since_ = std::chrono::steady_clock::now();
    if (run_.interrupts.count() > 0 && patient())
      run_.display.print("stopping after the trials in flight; press Ctrl-C again to stop at once");
  }
  if (run_.interrupts.count() > 1 || !patient()) return Stop::at_once;
  const bool waited = run_.interrupts.count() > 0 && seconds_since(stop_since_) > kGraceSeconds;
  return waited ? Stop::at_once : Stop::after_running_jobs;
}

}  // namespace herosweep::measure
