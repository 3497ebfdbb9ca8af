#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "experiments/measure/cost.h"
#include "experiments/measure/phase.h"
#include "experiments/measure/seal.h"

namespace herosweep::measure {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void record_failure(RunState& run, const LatencyWork& work, const std::string& plan_hash,
                    const store::Failure& failure) {
  run.store.record_latency_failure(run.sweep_id, run.sweep, plan_hash, work.batch, work.seq_len,
                                   work.threads, failure);
  ++run.failed;
  run.display.print(fmt::format("failed: {}, latency at batch {}, seq {}: {}: {}",
                                contender_name(run.sweep, plan_hash), work.batch, work.seq_len,
                                failure.kind, failure.message));
}

/// One attempt at a group: it either measures all plans or names one that broke it.
class LatencyPhase : public Phase {
 public:
  LatencyPhase(RunState& run, const LatencyWork& work, double seconds_after)
      : Phase(run), work_(work), seconds_after_(seconds_after) {
    name_ = fmt::format("latency batch {} seq {}", work.batch, work.seq_len);
    if (work.threads > 1) name_ += fmt::format(" threads {}", work.threads);
  }

  void started(int) override { start_ = std::chrono::steady_clock::now(); }

  void progressed(int, const nlohmann::json& event) override {
    current_ = event.value("what", "");
    done_ = event.value("done", 0);
    total_ = event.value("total", 0);
  }

  void finished(int, const nlohmann::json& answer) override {
    LatencyResult result;
    try {
      check_seal(answer);
      result = latency_from_json(answer);
    } catch (const DamagedAnswer& error) {
      failure_ = {"checksum", error.what(), ""};
      return;
    } catch (const std::exception& error) {
      failure_ = {"error", std::string("unreadable answer: ") + error.what(), ""};
      return;
    }
    run_.store.record_latency(run_.sweep_id, run_.sweep, result);
    for (const LatencyFailure& broken : result.failures)
      record_failure(run_, work_, broken.plan_hash, {broken.kind, broken.message, broken.log_tail});
    run_.ran += static_cast<int>(work_.plans.size() - result.failures.size());
    const double expected =
        estimated_seconds(run_, work_) *
        (run_.latency_rate > 0 ? run_.latency_rate : kAssumedOperationsPerSecond);
    run_.latency_rate = expected / std::max(seconds_since(start_), 1e-3);
    complete_ = true;
  }

  void failed(int, const store::Failure& failure, const nlohmann::json& last) override {
    failure_ = failure;
    if (last.is_object()) culprit_ = last.value("plan_hash", "");
  }

  bool complete() const { return complete_; }
  const store::Failure& failure() const { return failure_; }
  /// "": the group broke before any plan was announced.
  const std::string& culprit() const { return culprit_; }

 private:
  ProgressState progress() const override {
    ProgressState state{name_, "pass", current_, done_, total_, run_.failed};
    if (done_ > 0 && total_ > 0)
      state.eta_seconds = seconds_since(start_) / done_ * (total_ - done_) + seconds_after_;
    return state;
  }

  const LatencyWork& work_;
  double seconds_after_;
  std::string name_, current_, culprit_;
  int done_ = 0, total_ = 0;
  std::chrono::steady_clock::time_point start_{};
  bool complete_ = false;
  store::Failure failure_;
};

bool wants(const LatencyWork& work, const std::string& plan_hash) {
  return std::find(work.plans.begin(), work.plans.end(), plan_hash) != work.plans.end();
}

JobRequest request(const RunState& run, const LatencyWork& work) {
  const int baseline = baseline_variant(run.sweep);
  LatencyJob job;
  job.setting = run.setting(work.threads);
  job.variants.push_back(run.sweep.variants[baseline]);
  for (size_t v = 0; v < run.sweep.variants.size(); ++v)
    if (static_cast<int>(v) != baseline && wants(work, run.sweep.variants[v].plan_hash))
      job.variants.push_back(run.sweep.variants[v]);
  for (sweep::Peer peer : run.sweep.peers) {
    if (!wants(work, peer.plan_hash)) continue;
    peer.command = sweep::filled_in(
        peer, {job.setting.model, job.setting.backend, work.batch, work.seq_len, work.threads});
    job.peers.push_back(std::move(peer));
  }
  job.calibration_tasks = run.sweep.tasks;
  job.batch = work.batch;
  job.seq_len = work.seq_len;
  job.rounds = work.rounds;
  job.max_seconds = run.sweep.latency.max_seconds;
  job.peer_timeout_seconds = run.sweep.limits.timeout_seconds;
  job.peer_logs = run.options.logs;
  return {0, to_json(job).dump(), run.sweep.limits.timeout_seconds,
          /*timeout_since_progress=*/true};
}

}  // namespace

void run_latency(RunState& run, LatencyWork work, const std::vector<LatencyWork>& after) {
  double seconds_after = 0;
  for (const LatencyWork& group : after) seconds_after += estimated_seconds(run, group);
  const std::string& baseline = run.sweep.variants[baseline_variant(run.sweep)].plan_hash;
  while (!work.plans.empty() && !run.must_stop()) {
    LatencyPhase phase(run, work, seconds_after);
    const bool ended = Dispatcher(run.options.worker_command, run.options.logs, run.options.devices)
                           .run({request(run, work)}, 1, phase);
    if (phase.complete() || !ended) return;
    const auto culprit = std::find(work.plans.begin(), work.plans.end(), phase.culprit());
    if (culprit == work.plans.end() || phase.culprit() == baseline) {
      // Without the baseline, or broken by no plan in particular, no plan can be measured.
      for (const std::string& hash : work.plans) record_failure(run, work, hash, phase.failure());
      return;
    }
    record_failure(run, work, *culprit, phase.failure());
    work.plans.erase(culprit);
  }
}

}  // namespace herosweep::measure
