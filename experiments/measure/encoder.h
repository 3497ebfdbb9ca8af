// From token sequences to what task heads read: pooled embeddings and first-token states.
#pragma once

#include <filesystem>
#include <vector>

#include "core/engine/engine.h"
#include "experiments/measure/resources.h"
#include "experiments/tasks/outcomes.h"

namespace herosweep::measure {

/// One row a sequence, [rows, hidden].
struct Features {
  int hidden = 0;
  std::vector<float> pooled;  // mean over the tokens
  std::vector<float> first;   // last hidden state of the first token
  tasks::RowValues pooled_rows() const { return {pooled.data(), hidden}; }
  tasks::RowValues first_rows() const { return {first.data(), hidden}; }
};

/// Sequences [first, last) of `batch`.
engine::Batch slice(const engine::Batch& batch, int first, int last);

/// Throws NonFiniteError, from the engine or for a feature that is not finite.
/// Passes of at most `tokens_per_pass` tokens, or one sequence.
Features encode(engine::Engine& engine, int hidden, const engine::Batch& tokens,
                int tokens_per_pass, const Progress& progress);

/// Features of the FP16 twin, from the cache or computed.
Features twin_features(const model::BertModel& model, const engine::Batch& tokens,
                       const Setting& setting, const Progress& progress);

/// Every layer's input hidden state and the last output on `sample`, [layers + 1][tokens, hidden].
std::vector<std::vector<float>> hidden_states(engine::Engine& engine, int hidden,
                                              const engine::Batch& sample, int tokens_per_pass);

}  // namespace herosweep::measure
