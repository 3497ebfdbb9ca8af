// What parent and workers say to each other: one JSON object a line on the worker's standard input
// and output.
//
// Parent -> worker (a job, see job.h):
//   {"type": "prepare",  "job": 1, "model": DIR, "backend": "cpu", "threads": 1, "cache": DIR,
//    "weights_hash": "...",
//    "variant": {...}, "tasks": [TaskSpec...], "calibration_tasks": [TaskSpec...],
//    "bootstrap": 2000}
//        tokenizes, fits heads, computes the FP16 twin's features, calibrates: fills the cache
//   {"type": "accuracy", ...the same fields}
//   {"type": "latency",  "job": 9, "model": DIR, "backend": "cpu", "threads": 1, "cache": DIR,
//    "weights_hash": "...",
//    "variants": [...], "peers": [...], "calibration_tasks": [TaskSpec...], "batch": 1,
//    "seq_len": 128, "rounds": 30, "max_seconds": 0, "seed": 0, "peer_timeout": 600,
//    "peer_logs": DIR}
//        variants: {"name", "plan", "calibration", "seed", "label", "plan_hash"}
//        peers: {"name", "command", "plan_hash"}, see peer.h
//   {"type": "quit"}; the end of standard input means the same
// Worker -> parent:
//   {"event": "progress", "job": 3, "done": 1, "total": 30, "what": "FP16 features",
//    "plan_hash": "..."}   plan_hash only in a latency group: the plan that runs next
//   {"event": "result", "job": 3, "crc32": 1 (seal.h), ...AccuracyResult, LatencyResult or nothing}
//   {"event": "failure", "job": 3,
//    "kind": "nan" | "oom" | "cuda" | "data" | "model" | "plan" | "error", "message": "...",
//    "fatal": true}   fatal only where the worker ends with it
// Other kinds of failure (crash, timeout) are the parent's to see. Numbers that JSON cannot hold
// travel as null (NaN), "inf" and "-inf".
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/stats/stats.h"
#include "experiments/tasks/task.h"

namespace herosweep::measure {

/// One plan on one task.
struct TaskResult {
  std::string task;
  std::string metric;
  double value = 0;
  stats::Interval interval;  // 95 %: Wilson for accuracy, else bootstrap
  int n = 0;
  int64_t flips = -1;  // predictions that differ from the FP16 twin's; -1 for regression
  double drift = 0;
  double cosine = 1;  // mean over examples, of embeddings or first-token states, to the FP16 twin
  double kl = 0;      // mean KL(twin || plan) over classes; 0 where there are none
  double max_error = 0;  // max |z - z_twin|
  std::string head_hash;
  tasks::Outcomes outcomes;
};

/// Error of one layer's output (layer -1: the embedding's) against the FP16 twin's, on a sample of
/// the evaluation data.
struct ModuleError {
  int layer = 0;
  double cosine = 1;   // mean over tokens
  double sqnr_db = 0;  // infinite when both are equal
};

struct AccuracyResult {
  std::vector<TaskResult> tasks;
  std::string execution;      // "integer" | "weight-only" | "simulated"
  std::string compute_dtype;  // of the floating-point edges: "float32" on the CPU
  int64_t weight_bytes = 0, workspace_bytes = 0, peak_rss_bytes = 0;
  int launches_per_layer = 0, quantize_operators = 0, floored_scales = 0;
  int calibration_rows = 0, calibration_rows_asked = 0;  // 0 and 0: the plan needs none
  std::vector<engine::SaturationCount> saturation;
  std::vector<ModuleError> layers;
  double seconds = 0;
};

/// Raw samples of one plan in one latency group, in round order (index = round).
struct LatencySamples {
  std::string plan_hash;
  std::vector<int64_t> nanoseconds;
  /// Of single passes on the host's clock; empty where `nanoseconds` are on it.
  std::vector<int64_t> wall_nanoseconds = {};
};

/// A contender that failed without harm to the others; it has no samples.
struct LatencyFailure {
  std::string plan_hash;
  std::string kind, message, log_tail;
};

struct LatencyResult {
  int batch = 0, seq_len = 0, threads = 0;
  std::string baseline_plan_hash;     // the FP16 plan; measured in every round
  std::vector<LatencySamples> plans;  // the baseline included
  std::vector<LatencyFailure> failures;
  int warmup_rounds = 0;
  double clock_mhz_before = 0, clock_mhz_after = 0;  // 0: unknown
};

nlohmann::json to_json(const AccuracyResult& result);
AccuracyResult accuracy_from_json(const nlohmann::json& json);
nlohmann::json to_json(const LatencyResult& result);
LatencyResult latency_from_json(const nlohmann::json& json);

}  // namespace herosweep::measure
