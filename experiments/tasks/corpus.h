// The distinct token sequences of several tasks, so that tasks on the same texts share one forward
// pass.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/engine/engine.h"

namespace herosweep::tasks {

/// Union of token sequences. A sequence is its ids and types; equal ones get one row.
class Corpus {
 public:
  /// Adds what is new. Returns each sequence's row, [sequences].
  std::vector<int> add(const engine::Batch& sequences);
  /// All rows so far, in the order in which they were first seen.
  const engine::Batch& tokens() const { return tokens_; }
  int rows() const { return tokens_.sequences(); }

 private:
  engine::Batch tokens_{{}, {}, {0}};
  std::unordered_map<std::string, int> row_of_;  // by the bytes of ids and types
};

/// Sequences that run together, and where their results belong.
struct Pass {
  engine::Batch tokens;
  std::vector<int> rows;  // [sequences]
};

/// Cuts `tokens` into passes of at most `token_budget` tokens, one sequence at least; sequences of
/// similar length run together, the shortest first.
std::vector<Pass> length_sorted_passes(const engine::Batch& tokens, int token_budget);

}  // namespace herosweep::tasks
