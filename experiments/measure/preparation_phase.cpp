#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/measure/phase.h"

namespace herosweep::measure {

namespace {

class PreparationPhase : public Phase {
 public:
  PreparationPhase(RunState& run, int total, bool required)
      : Phase(run), required_(required), total_(total) {}

  void progressed(int, const nlohmann::json& event) override {
    state_.current = event.value("what", "");
    const int total = event.value("total", 0);
    if (total > 0) state_.current += fmt::format(" ({} of {})", event.value("done", 0), total);
  }
  void finished(int, const nlohmann::json&) override { ++done_; }
  void failed(int, const store::Failure& failure, const nlohmann::json&) override {
    ++done_;
    if (!required_) return;  // the trials that need it will say so, one by one
    const std::string message = "preparing the sweep failed: " + failure.message;
    if (failure.kind == "data") throw DataError(message);
    if (failure.kind == "model") throw ModelError(message);
    throw EnvironmentError(failure.log_tail.empty() ? message : message + "\n" + failure.log_tail);
  }

 private:
  ProgressState progress() const override {
    ProgressState shown = state_;
    shown.phase = "preparing";
    shown.unit = "step";
    shown.done = done_;
    shown.total = total_;
    return shown;
  }

  bool required_;
  int total_;
  int done_ = 0;
  ProgressState state_;
};

AccuracyJob preparation_job(const RunState& run, int id, int threads) {
  AccuracyJob job;
  job.id = id;
  job.setting = run.setting(threads);
  job.variant = run.sweep.variants[baseline_variant(run.sweep)];
  job.tasks = run.sweep.tasks;
  job.calibration_tasks = run.sweep.tasks;
  return job;
}

void dispatch(RunState& run, const std::vector<AccuracyJob>& jobs, int workers, bool required) {
  std::vector<JobRequest> requests;
  requests.reserve(jobs.size());
  for (const AccuracyJob& job : jobs)
    requests.push_back({job.id, to_json(job, "prepare").dump(), run.sweep.limits.timeout_seconds,
                        /*timeout_since_progress=*/true});
  PreparationPhase phase(run, static_cast<int>(jobs.size()), required);
  Dispatcher(run.options.worker_command, run.options.logs, run.options.devices)
      .run(std::move(requests), workers, phase);
}

}  // namespace

void run_preparation(RunState& run, const std::vector<AccuracyWork>& work) {
  if (work.empty()) return;
  dispatch(run, {preparation_job(run, 0, processors())}, 1, /*required=*/true);
  if (run.must_stop()) return;

  // One job a calibration, so that accuracy workers do not compute the same one at once.
  std::vector<AccuracyJob> jobs;
  std::vector<quant::CalibrationSettings> seen;
  for (const AccuracyWork& item : work) {
    const sweep::Variant& variant = run.sweep.variants[item.variant];
    if (!quant::needs_calibration(variant.plan) ||
        std::find(seen.begin(), seen.end(), variant.calibration) != seen.end())
      continue;
    seen.push_back(variant.calibration);
    jobs.push_back(preparation_job(run, static_cast<int>(jobs.size()) + 1, 1));
    jobs.back().variant = variant;
  }
  if (jobs.empty()) return;
  const int workers = std::min<int>(run.workers, static_cast<int>(jobs.size()));
  for (AccuracyJob& job : jobs) job.setting.threads = std::max(processors() / workers, 1);
  dispatch(run, jobs, workers, /*required=*/false);
}

}  // namespace herosweep::measure
