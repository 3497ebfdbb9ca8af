// A BERT small enough for the reference backend, with text-like ragged batches.
#pragma once

#include <random>

#include "core/engine/engine.h"

namespace herosweep::test {

inline model::BertModel small_bert() {
  model::BertConfig config;
  config.layers = 3;
  config.hidden = 48;
  config.heads = 3;
  config.intermediate = 96;
  config.vocabulary = 101;
  config.max_positions = 40;
  config.type_vocabulary = 2;
  return model::random_bert(config, 7);
}

/// Sequences of 1, 8, 15, ... tokens (capped at the model's positions).
inline engine::Batch ragged_batch(const model::BertModel& model, int sequences, unsigned seed = 1) {
  std::mt19937 random(seed);
  engine::Batch batch;
  batch.offsets = {0};
  for (int s = 0; s < sequences; ++s) {
    const int length = std::min(1 + 7 * s, model.config.max_positions);
    for (int t = 0; t < length; ++t) {
      batch.ids.push_back(static_cast<int32_t>(random() % model.config.vocabulary));
      batch.types.push_back(0);
    }
    batch.offsets.push_back(batch.tokens());
  }
  return batch;
}

inline quant::Calibration calibrate_small(const model::BertModel& model) {
  std::vector<engine::Batch> batches;
  for (unsigned seed = 2; seed < 10; ++seed) batches.push_back(ragged_batch(model, 6, seed));
  return engine::calibrate(model, batches, {}, kernels::cpu_backend());
}

}  // namespace herosweep::test
