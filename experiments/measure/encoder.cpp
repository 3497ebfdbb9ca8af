#include "experiments/measure/encoder.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/model/safetensors.h"
#include "core/util/error.h"
#include "experiments/measure/files.h"
#include "experiments/tasks/corpus.h"

namespace herosweep::measure {

namespace {

std::string features_key(const model::BertModel& model, const engine::Batch& tokens,
                         const kernels::Backend& backend) {
  return sweep::canonical_hash({{"kind", "twin features"},
                                {"weights", model.weights_hash},
                                {"tokens", hash_tokens(tokens)},
                                {"arithmetic", arithmetic(backend)},
                                {"numerics", sweep::kNumericsVersion}});
}

Features load(const std::filesystem::path& file, int hidden) {
  const model::SafetensorsFile tensors(file);
  return {hidden, tensors.values<float>("pooled"), tensors.values<float>("first")};
}

void save(const Features& features, const std::filesystem::path& file) {
  const std::vector<int64_t> shape{static_cast<int64_t>(features.pooled.size()) / features.hidden,
                                   features.hidden};
  const std::vector<model::TensorSource> tensors{
      model::tensor_source("pooled", shape, features.pooled),
      model::tensor_source("first", shape, features.first)};
  model::write_safetensors(file, tensors);
}

}  // namespace

engine::Batch slice(const engine::Batch& batch, int first, int last) {
  const int begin = batch.offsets[first], end = batch.offsets[last];
  engine::Batch part;
  part.ids.assign(batch.ids.begin() + begin, batch.ids.begin() + end);
  part.types.assign(batch.types.begin() + begin, batch.types.begin() + end);
  for (int s = first; s <= last; ++s) part.offsets.push_back(batch.offsets[s] - begin);
  return part;
}

Features encode(engine::Engine& engine, int hidden, const engine::Batch& tokens,
                int tokens_per_pass, const Progress& progress) {
  Features features;
  features.hidden = hidden;
  features.pooled.resize(static_cast<size_t>(tokens.sequences()) * hidden);
  features.first.resize(features.pooled.size());
  const auto passes = tasks::length_sorted_passes(tokens, tokens_per_pass);
  std::vector<float> pooled;
  for (size_t p = 0; p < passes.size(); ++p) {
    const auto& [batch, rows] = passes[p];
    const float* states = engine.forward(batch);
    pooled.resize(rows.size() * hidden);
    engine::mean_pool(states, batch, hidden, pooled.data());
    for (size_t s = 0; s < rows.size(); ++s) {
      const size_t row = static_cast<size_t>(rows[s]) * hidden;
      std::copy_n(pooled.data() + s * hidden, hidden, features.pooled.data() + row);
      std::copy_n(states + static_cast<size_t>(batch.offsets[s]) * hidden, hidden,
                  features.first.data() + row);
    }
    progress(static_cast<int>(p) + 1, static_cast<int>(passes.size()), "");
  }
  if (!std::all_of(features.pooled.begin(), features.pooled.end(),
                   [](float value) { return std::isfinite(value); }))
    throw engine::NonFiniteError("the last hidden state holds a value that is not finite");
  return features;
}

Features twin_features(const model::BertModel& model, const engine::Batch& tokens,
                       const Setting& setting, const Progress& progress) {
  const auto& backend = use_backend(setting);
  const auto file = cache_file(setting.cache, "features", features_key(model, tokens, backend));
  if (auto cached = read_cached(file, [&] { return load(file, model.config.hidden); }))
    return *std::move(cached);
  engine::Engine engine(model, twin_plan(model), nullptr, backend);
  Features features = encode(engine, model.config.hidden, tokens, backend.tokens_per_pass,
                             [&](int done, int total, const std::string&) {
                               progress(done, total, "features of the FP16 twin");
                             });
  save(features, file);
  return features;
}

std::vector<std::vector<float>> hidden_states(engine::Engine& engine, int hidden,
                                              const engine::Batch& sample, int tokens_per_pass) {
  std::vector<std::vector<float>> states;
  engine.observe_hidden([&](int layer, const float* values, int tokens) {
    if (static_cast<size_t>(layer) >= states.size()) states.resize(layer + 1);
    states[layer].insert(states[layer].end(), values,
                         values + static_cast<size_t>(tokens) * hidden);
  });
  for (const auto& pass : tasks::length_sorted_passes(sample, tokens_per_pass))
    engine.forward(pass.tokens);
  engine.observe_hidden(nullptr);
  return states;
}

}  // namespace herosweep::measure
