#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/measure/phase.h"
#include "experiments/measure/seal.h"

namespace herosweep::measure {

namespace {

class AccuracyPhase : public Phase {
 public:
  AccuracyPhase(RunState& run, const std::vector<AccuracyWork>& work)
      : Phase(run), work_(work), start_(std::chrono::steady_clock::now()) {
    for (const AccuracyWork& item : work) total_trials_ += static_cast<int>(item.trials.size());
    for (const LatencyWork& group : pending_latency(run.sweep, run.store, run.options.only, {}))
      latency_seconds_ += estimated_seconds(run, group);
  }

  JobRequest request(int job) const {
    const AccuracyWork& item = work_[job];
    AccuracyJob accuracy;
    accuracy.id = job;
    accuracy.setting = run_.setting(1);
    accuracy.variant = run_.sweep.variants[item.variant];
    for (const int t : item.trials) accuracy.tasks.push_back(task_of(t));
    accuracy.calibration_tasks = run_.sweep.tasks;
    accuracy.bootstrap_resamples = run_.sweep.bootstrap_resamples;
    return {job, to_json(accuracy, "accuracy").dump(), run_.sweep.limits.timeout_seconds, false};
  }

  void started(int job) override {
    current_ = plan_name(job);
    run_.store.mark_running(trial_hashes(job));
  }

  void finished(int job, const nlohmann::json& answer) override {
    AccuracyResult result;
    try {
      check_seal(answer);
      result = accuracy_from_json(answer);
    } catch (const DamagedAnswer& error) {
      return failed(job, {"checksum", error.what(), ""}, nullptr);
    } catch (const std::exception& error) {
      return failed(job, {"error", std::string("unreadable answer: ") + error.what(), ""}, nullptr);
    }
    const std::string& plan_hash = run_.sweep.variants[work_[job].variant].plan_hash;
    run_.store.record_accuracy(run_.sweep_id, trial_hashes(job), plan_hash, result);
    run_.ran += static_cast<int>(work_[job].trials.size());
    close(job);
  }

  void failed(int job, const store::Failure& failure, const nlohmann::json&) override {
    for (const std::string& hash : trial_hashes(job)) run_.store.record_failure(hash, failure);
    run_.failed += static_cast<int>(work_[job].trials.size());
    run_.display.print(
        fmt::format("failed: {}: {}: {}", plan_name(job), failure.kind, failure.message));
    close(job);
  }

 private:
  const tasks::TaskSpec& task_of(int trial) const {
    for (const tasks::TaskSpec& spec : run_.sweep.tasks)
      if (spec.name == run_.sweep.trials[trial].task) return spec;
    throw std::logic_error("trial of a task that the sweep does not have");
  }

  std::vector<std::string> trial_hashes(int job) const {
    std::vector<std::string> hashes;
    for (const int t : work_[job].trials) hashes.push_back(run_.sweep.trials[t].trial_hash);
    return hashes;
  }

  std::string plan_name(int job) const {
    const sweep::Variant& variant = run_.sweep.variants[work_[job].variant];
    const std::string name = quant::display_name(variant.plan.name);
    return variant.label.empty() ? name : name + " (" + variant.label + ")";
  }

  void close(int job) {
    ++jobs_done_;
    trials_done_ += static_cast<int>(work_[job].trials.size());
  }

  bool patient() const override { return true; }

  ProgressState progress() const override {
    ProgressState state{"accuracy", "trial", current_, trials_done_, total_trials_, run_.failed};
    if (jobs_done_ > 0) {
      const double spent =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
      const double left = static_cast<double>(work_.size() - jobs_done_);
      state.eta_seconds = spent / static_cast<double>(jobs_done_) * left + latency_seconds_;
    }
    return state;
  }

  const std::vector<AccuracyWork>& work_;
  std::chrono::steady_clock::time_point start_;
  std::string current_;
  size_t jobs_done_ = 0;
  int trials_done_ = 0;
  int total_trials_ = 0;
  double latency_seconds_ = 0;
};

}  // namespace

void run_accuracy(RunState& run, const std::vector<AccuracyWork>& work) {
  if (work.empty()) return;
  AccuracyPhase phase(run, work);
  std::vector<JobRequest> requests;
  for (size_t job = 0; job < work.size(); ++job)
    requests.push_back(phase.request(static_cast<int>(job)));
  Dispatcher(run.options.worker_command, run.options.logs, run.options.devices)
      .run(std::move(requests), run.workers, phase);
}

}  // namespace herosweep::measure
