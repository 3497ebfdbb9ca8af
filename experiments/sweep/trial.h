// What one sweep will run. Config -> Sweep -> jobs (one plan on all tasks) -> trials (one plan on
// one task).
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/quant/calibration.h"
#include "core/quant/plan.h"
#include "experiments/sweep/peer.h"
#include "experiments/tasks/task.h"

namespace herosweep::sweep {

/// Version of the arithmetic (docs/numerics.md). A change of any number raises it, so that old
/// trials run again.
inline constexpr int kNumericsVersion = 3;

/// A model directory and what planning needs to know of it without loading the weights.
struct ModelRef {
  std::filesystem::path directory;
  std::string name;  // shown in tables
  std::string weights_hash;
  model::BertConfig config;
};

struct LatencySettings {
  std::vector<int> batch{1};
  std::vector<int> seq_len{128};
  std::vector<int> threads{1};
  std::vector<int> rounds{30};  // one for all batches, or one a batch
  double max_seconds =
      0;  // of one group; 0: no limit; never below the minimum of rounds that an interval needs
  std::vector<Peer> baselines{Peer("fp16")};
  bool enabled = true;
};

struct Limits {
  double metric_drop = 0;  // points (metric x 100); 0: none
  double timeout_seconds = 600;
};

/// One plan with the settings that change its numbers.
struct Variant {
  quant::Plan plan;                        // canonical options
  quant::CalibrationSettings calibration;  // defaults when the plan needs none
  uint64_t seed = 0;
  std::string label;      // the axes that differ, as text: "residual=fp16"; "" when there are none
  std::string plan_hash;  // canonical hash of plan and calibration (not of task or model)
};

struct TrialRef {
  std::string trial_hash;  // canonical hash of the whole identity
  std::string task;        // TaskSpec::name
  int variant = 0;         // index into Sweep::variants
  nlohmann::json identity() const;
  std::string identity_text;  // the canonical JSON that was hashed
};

struct DroppedPlan {
  std::string plan;
  std::string variant;
  std::string reason;
};

struct SearchSource;

struct Sweep {
  std::string name;
  std::string backend;  // resolved: cpu
  ModelRef model;
  std::vector<tasks::TaskSpec> tasks;
  std::vector<Variant> variants;  // deduplicated by plan_hash, FP16 first
  std::vector<TrialRef> trials;
  std::vector<Peer> peers;  // resolved; in every latency group
  std::vector<DroppedPlan> dropped;
  LatencySettings latency;
  Limits limits;
  int bootstrap_resamples = 2000;
  std::string config_text;                     // after includes and --set, for the record
  std::string caption, label_prefix, notes;    // of exported tables
  std::shared_ptr<const SearchSource> search;  // of a search; null for a grid
};

/// SHA-256 of the compact JSON with sorted keys.
std::string canonical_hash(const nlohmann::json& json);

}  // namespace herosweep::sweep
