#include "experiments/measure/resources.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "core/util/sha256.h"
#include "kernels/cuda/cuda.h"

namespace herosweep::measure {

const model::BertModel& Resources::model(const Setting& setting) {
  auto& entry = models_[setting.model];
  if (!entry) entry = std::make_unique<model::BertModel>(model::load_bert(setting.model));
  if (!setting.weights_hash.empty() && entry->weights_hash != setting.weights_hash)
    throw ModelError(fmt::format(
        "{}: the weights changed since the sweep was planned; start the same command again, and "
        "it will run as another model",
        setting.model.string()));
  return *entry;
}

const tasks::PreparedTask& Resources::task(const tasks::TaskSpec& spec, const Setting& setting) {
  auto& entry = tasks_[tasks::to_json(spec).dump() + setting.model.string()];
  if (!entry)
    entry =
        std::make_unique<tasks::PreparedTask>(tasks::prepare(spec, setting.model, setting.cache));
  return *entry;
}

std::vector<const tasks::PreparedTask*> Resources::all_tasks(
    const std::vector<tasks::TaskSpec>& specs, const Setting& setting) {
  std::vector<const tasks::PreparedTask*> prepared;
  prepared.reserve(specs.size());
  for (const auto& spec : specs) prepared.push_back(&task(spec, setting));
  return prepared;
}

const kernels::Backend& use_backend(const Setting& setting) {
  if (setting.backend == "reference") return kernels::reference_backend();
  if (setting.backend == "cuda") return kernels::cuda_backend();
  if (setting.backend != "cpu")
    throw PlanError(
        fmt::format("unknown backend '{}'; there are cpu, cuda and reference", setting.backend));
  kernels::set_cpu_threads(setting.threads);
  return kernels::cpu_backend();
}

const kernels::Backend& fp32_backend(const Setting& setting) {
  if (setting.backend == "reference") return kernels::reference_backend();
  kernels::set_cpu_threads(setting.threads);
  return kernels::cpu_backend();
}

std::string arithmetic(const kernels::Backend& backend) {
  return fmt::format("{}/{}", backend.name, backend.isa);
}

std::string compute_dtype(const kernels::Backend& backend) {
  return backend.floating == kernels::ElementType::f32 ? "float32" : "float16";
}

std::string hash_tokens(const engine::Batch& batch) {
  util::Sha256 hash;
  for (const auto* part : {&batch.ids, &batch.types, &batch.offsets}) {
    const uint64_t length = part->size();
    hash.update(&length, sizeof length);
    hash.update(part->data(), length * sizeof(int32_t));
  }
  return hash.hex();
}

quant::Plan twin_plan(const model::BertModel& model) {
  return quant::named_plan("fp16", model.config.layers);
}

}  // namespace herosweep::measure
