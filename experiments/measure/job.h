// Jobs: what the parent asks of a worker (protocol.h shows the lines).
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/sweep/trial.h"

namespace herosweep::measure {

/// Where and how a job runs; part of every job.
struct Setting {
  std::filesystem::path model;  // a Hugging Face directory
  std::string backend = "cpu";  // "cpu", "cuda" or "reference"
  int threads = 1;
  std::filesystem::path cache;  // tokenized text, heads, features, calibrations
  std::string weights_hash;     // of the model when the sweep was planned; "" is not checked
};

/// One variant on tasks that share forward passes. The first task that has training text supplies
/// the calibration rows.
struct AccuracyJob {
  int id = 0;
  Setting setting;
  sweep::Variant variant;
  std::vector<tasks::TaskSpec> tasks;              // those to score
  std::vector<tasks::TaskSpec> calibration_tasks;  // of the whole sweep, in its order
  int bootstrap_resamples = 2000;
};

/// All variants of one shape in one process.
struct LatencyJob {
  int id = 0;
  Setting setting;
  std::vector<sweep::Variant> variants;  // the FP16 baseline first
  std::vector<sweep::Peer> peers;        // placeholders filled in
  std::vector<tasks::TaskSpec> calibration_tasks;
  int batch = 1;
  int seq_len = 128;
  int rounds = 30;
  double max_seconds = 0;  // 0: no limit; never fewer rounds than an interval needs
  uint64_t seed = 0;
  double peer_timeout_seconds = 0;  // of one answer; 0: none
  std::filesystem::path peer_logs;  // folder of what peers print
};

nlohmann::json to_json(const sweep::Variant& variant);
sweep::Variant variant_from_json(const nlohmann::json& json);

/// `type` is "accuracy" or "prepare".
nlohmann::json to_json(const AccuracyJob& job, const std::string& type);
AccuracyJob accuracy_job_from_json(const nlohmann::json& json);
nlohmann::json to_json(const LatencyJob& job);
LatencyJob latency_job_from_json(const nlohmann::json& json);

}  // namespace herosweep::measure
