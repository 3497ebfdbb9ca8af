// Runs what is missing of a sweep: this process plans, watches and writes; workers measure.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/measure/progress_display.h"
#include "experiments/measure/worklist.h"
#include "experiments/sweep/search.h"

namespace herosweep::measure {

struct RunOptions {
  std::vector<std::string> worker_command;  // starts one worker; command[0] is a path
  std::filesystem::path cache;              // derived data (tokenized text, heads, calibrations)
  std::filesystem::path logs;               // what workers print
  int workers = 0;  // accuracy workers; 0: one a processor, or one a device where plans run on one
  int devices = 1;  // of the sweep's backend; a latency group has the first for itself
  Only only = Only::missing;
  bool fail_fast = false;
  int max_failures = 0;  // stop after so many; 0: never
};

struct RunSummary {
  Tally before, after;
  int ran = 0;     // trials and latencies that were recorded now
  int failed = 0;  // and that failed now
  bool interrupted = false;
  bool stopped_by_failures = false;
  double seconds = 0;
};

/// Claims the database, records the sweep, prepares, runs accuracy trials on all workers, then each
/// latency group alone in a fresh worker. A failing plan costs its own rows and nothing else.
/// SIGINT or SIGTERM ends it after the trials in flight; a second one at once. Throws StoreError,
/// and DataError or EnvironmentError when the preparation that all trials need fails.
RunSummary run_sweep(const sweep::Sweep& sweep, store::Store& store,
                     const nlohmann::json& environment, const RunOptions& options,
                     ProgressDisplay& display);

/// What a search's plans came to, by plan hash; those that failed are not in it.
using Evaluate = std::function<std::map<std::string, sweep::Evaluation>(const sweep::Sweep& sweep)>;

/// Runs a search (start.search): batch after batch of plans, each like `run_sweep`, evaluated by
/// `evaluate`, until search or budget end. Started again it finds its batches measured and goes on
/// where it stopped.
RunSummary run_search(const sweep::Sweep& start, store::Store& store,
                      const nlohmann::json& environment, const RunOptions& options,
                      ProgressDisplay& display, const Evaluate& evaluate);

/// Processors that this process may use.
int processors();

}  // namespace herosweep::measure
