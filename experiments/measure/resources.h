// What the jobs of one worker process share: loaded models, tokenized tasks, the backend.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "experiments/measure/job.h"

namespace herosweep::measure {

/// Reports how far a job is: `done` of `total` steps of `what`.
using Progress = std::function<void(int done, int total, const std::string& what)>;

class Resources {
 public:
  /// Loaded once; the reference lives as long as this object. Throws ModelError, also when the
  /// weights are not those that the sweep was planned with.
  const model::BertModel& model(const Setting& setting);
  /// Tokenized once. Throws DataError.
  const tasks::PreparedTask& task(const tasks::TaskSpec& spec, const Setting& setting);
  std::vector<const tasks::PreparedTask*> all_tasks(const std::vector<tasks::TaskSpec>& specs,
                                                    const Setting& setting);

 private:
  std::map<std::filesystem::path, std::unique_ptr<model::BertModel>> models_;
  std::map<std::string, std::unique_ptr<tasks::PreparedTask>> tasks_;  // by spec and model
};

/// The backend of this name with its threads set. Throws PlanError for an unknown one.
const kernels::Backend& use_backend(const Setting& setting);

/// The host backend that fits heads and calibrates: FP32 whatever the plans run on, so that every
/// backend gets the same heads and static scales.
const kernels::Backend& fp32_backend(const Setting& setting);

/// Identity of a backend's floating-point results: its name and instruction set.
std::string arithmetic(const kernels::Backend& backend);

/// Type in which floating-point edges are stored: "float32" on the CPU, "float16" on CUDA.
std::string compute_dtype(const kernels::Backend& backend);

/// SHA-256 over ids, types and sequence borders.
std::string hash_tokens(const engine::Batch& batch);

/// The plan that everything is compared with.
quant::Plan twin_plan(const model::BertModel& model);

}  // namespace herosweep::measure
