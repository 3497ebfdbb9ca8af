// One claim on a database, under which sweeps run one after the other.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>

#include "experiments/measure/phase.h"

namespace herosweep::measure {

class Session {
 public:
  /// Claims the database. Throws StoreError.
  Session(store::Store& store, const nlohmann::json& environment, const RunOptions& options,
          ProgressDisplay& display);

  /// Records the sweep and runs what is missing of it. False when it was stopped: interrupted, or
  /// by too many failures.
  bool run(const sweep::Sweep& sweep);

  /// Releases the claim. What ran since the session began, of the sweep that ran last.
  RunSummary finish();

 private:
  store::Store& store_;
  const nlohmann::json& environment_;
  const RunOptions& options_;
  ProgressDisplay& display_;
  InterruptCounter interrupts_;
  std::chrono::steady_clock::time_point start_;
  double latency_rate_ = 0;
  bool began_ = false;
  RunSummary summary_;
};

}  // namespace herosweep::measure
