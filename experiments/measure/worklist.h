// What a sweep still has to do, given what its database holds.
#pragma once

#include <string>
#include <vector>

#include "experiments/store/store.h"
#include "experiments/sweep/trial.h"

namespace herosweep::measure {

/// `missing`: what was never run (or was interrupted). `failed`: what failed, again.
enum class Only { missing, failed };

/// One variant with those of its trials that shall run; they share forward passes.
struct AccuracyWork {
  int variant = 0;
  std::vector<int> trials;  // indices into Sweep::trials
};

/// One latency group.
struct LatencyWork {
  int batch = 1, seq_len = 128, threads = 1, rounds = 30;
  std::vector<std::string>
      plans;  // hashes of plans and peers; the baseline only where it is missing
};

/// FP16 first, then the sweep's order.
std::vector<AccuracyWork> pending_accuracy(const sweep::Sweep& sweep, const store::Store& store,
                                           Only only);

/// Simulated plans are left out (they have no latency), and so are plans whose accuracy failed.
/// `retried`: variants of which an accuracy trial ran just now; with Only::failed their missing
/// latencies are pending too.
std::vector<LatencyWork> pending_latency(const sweep::Sweep& sweep, const store::Store& store,
                                         Only only, const std::vector<int>& retried);

/// What tables call the plan or peer of this hash. REQUIRES that the sweep has it.
std::string contender_name(const sweep::Sweep& sweep, const std::string& plan_hash);

/// The sweep's trials and measurable (plan, group) pairs by state; peers count as plans.
struct Tally {
  int trials = 0, trials_done = 0, trials_failed = 0;
  int latencies = 0, latencies_done = 0, latencies_failed = 0;
  int failed() const { return trials_failed + latencies_failed; }
};
Tally tally(const sweep::Sweep& sweep, const store::Store& store);

/// Index of the FP16 variant. Throws ConfigError when the sweep has none.
int baseline_variant(const sweep::Sweep& sweep);

}  // namespace herosweep::measure
