#include "experiments/measure/runner.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "experiments/measure/phase.h"

namespace herosweep::measure {

namespace {

void print_plan_of_work(const RunState& run, const Tally& tally) {
  const int total = tally.trials + tally.latencies;
  const int done = tally.trials_done + tally.latencies_done;
  if (done > 0)
    run.display.print(fmt::format("{} of {} already done ({} of {} trials, {} of {} latencies)",
                                  done, total, tally.trials_done, tally.trials,
                                  tally.latencies_done, tally.latencies));
  if (tally.failed() > 0 && run.options.only == Only::missing)
    run.display.print(fmt::format(
        "{} failed before and are left alone; `--only failed` tries them again", tally.failed()));
}

void run_phases(RunState& run) {
  const Only only = run.options.only;
  const auto accuracy = pending_accuracy(run.sweep, run.store, only);
  run_preparation(run, accuracy);
  if (run.must_stop()) return;
  run_accuracy(run, accuracy);
  if (run.must_stop()) return;
  std::vector<int> retried;
  retried.reserve(accuracy.size());
  for (const AccuracyWork& work : accuracy) retried.push_back(work.variant);
  auto groups = pending_latency(run.sweep, run.store, only, retried);
  while (!groups.empty() && !run.must_stop()) {
    const LatencyWork group = std::move(groups.front());
    groups.erase(groups.begin());
    run_latency(run, group, groups);
  }
}

}  // namespace

int processors() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return std::max(CPU_COUNT(&allowed), 1);
}

RunSummary run_sweep(const sweep::Sweep& sweep, store::Store& store,
                     const nlohmann::json& environment, const RunOptions& options,
                     ProgressDisplay& display) {
  const auto start = std::chrono::steady_clock::now();
  const InterruptCounter interrupts;
  store.claim_runner();
  RunState run{sweep, store, options, display, interrupts};
  run.sweep_id = store.begin_sweep(sweep, environment);
  // Workers on one device would share its memory and clocks, and gain little.
  const int most = sweep.backend == "cuda" ? options.devices : processors();
  run.workers = options.workers > 0 ? options.workers : most;

  RunSummary summary;
  summary.before = tally(sweep, store);
  print_plan_of_work(run, summary.before);
  run_phases(run);
  display.clear();

  summary.after = tally(sweep, store);
  summary.ran = run.ran;
  summary.failed = run.failed;
  summary.interrupted = interrupts.count() > 0;
  summary.stopped_by_failures = !summary.interrupted && run.failure_limit_reached();
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  store.release_runner();
  return summary;
}

}  // namespace herosweep::measure
