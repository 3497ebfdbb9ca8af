#include "experiments/measure/session.h"

#include <fmt/format.h>

#include <algorithm>

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

Session::Session(store::Store& store, const nlohmann::json& environment, const RunOptions& options,
                 ProgressDisplay& display)
    : store_(store),
      environment_(environment),
      options_(options),
      display_(display),
      start_(std::chrono::steady_clock::now()) {
  store_.claim_runner();
}

bool Session::run(const sweep::Sweep& sweep) {
  RunState run{sweep, store_, options_, display_, interrupts_};
  run.sweep_id = store_.begin_sweep(sweep, environment_);
  // Workers on one device would share its memory and clocks, and gain little.
  const int most = sweep.backend == "cuda" ? options_.devices : processors();
  run.workers = options_.workers > 0 ? options_.workers : most;
  run.ran = summary_.ran;
  run.failed = summary_.failed;
  run.latency_rate = latency_rate_;
  const Tally before = tally(sweep, store_);
  // What a later sweep of the session finds done was mostly done by an earlier one.
  if (!began_) {
    summary_.before = before;
    print_plan_of_work(run, before);
  }
  began_ = true;
  run_phases(run);
  display_.clear();
  summary_.after = tally(sweep, store_);
  summary_.ran = run.ran;
  summary_.failed = run.failed;
  summary_.interrupted = interrupts_.count() > 0;
  summary_.stopped_by_failures = !summary_.interrupted && run.failure_limit_reached();
  latency_rate_ = run.latency_rate;
  return !run.must_stop();
}

RunSummary Session::finish() {
  summary_.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  store_.release_runner();
  return summary_;
}

}  // namespace herosweep::measure
