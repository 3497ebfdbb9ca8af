// The phases of a run: preparation, accuracy, latency groups. Each listens to its own jobs.
#pragma once

#include <chrono>
#include <map>

#include "experiments/measure/dispatcher.h"
#include "experiments/measure/interrupt.h"
#include "experiments/measure/job.h"
#include "experiments/measure/runner.h"

namespace herosweep::measure {

/// What the phases share.
struct RunState {
  const sweep::Sweep& sweep;
  store::Store& store;
  const RunOptions& options;
  ProgressDisplay& display;
  const InterruptCounter& interrupts;
  int64_t sweep_id = 0;
  int workers = 1;
  int ran = 0;
  int failed = 0;
  double latency_rate = 0;  // operations a second of one thread, observed; 0: not yet
  std::chrono::steady_clock::time_point last_heartbeat = std::chrono::steady_clock::now();

  Setting setting(int threads) const;
  bool failure_limit_reached() const;
  bool must_stop() const { return interrupts.count() > 0 || failure_limit_reached(); }
};

/// Seconds that a latency group takes, from the observed or an assumed rate.
double estimated_seconds(const RunState& run, const LatencyWork& work);

class Phase : public JobListener {
 public:
  explicit Phase(RunState& run) : run_(run) {}
  void started(int) override {}
  void progressed(int, const nlohmann::json&) override {}
  /// Keeps the claim on the database alive and redraws.
  void tick() override;
  /// `patient`: whether jobs in flight may finish after the first interrupt.
  Stop stop() override;

 protected:
  virtual ProgressState progress() const = 0;
  virtual bool patient() const { return false; }

  RunState& run_;

 private:
  bool announced_stop_ = false;
  std::chrono::steady_clock::time_point stop_since_{};
};

/// Tokenizes, fits heads, computes the twin's features and calibrates, so that workers find them.
/// Throws DataError or EnvironmentError when what all trials need cannot be prepared.
void run_preparation(RunState& run, const std::vector<AccuracyWork>& work);
void run_accuracy(RunState& run, const std::vector<AccuracyWork>& work);
/// `after`: groups that still follow, for the estimate of the time left.
void run_latency(RunState& run, LatencyWork work, const std::vector<LatencyWork>& after);

}  // namespace herosweep::measure
