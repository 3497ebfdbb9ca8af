// One embedding with its data, run on any backend: what test_embedding.cpp and the tests of the
// CUDA backend compare.
#pragma once

#include <vector>

#include "tests/kernels/row_outputs.h"

namespace herosweep::kernels {

/// Tables of 50 tokens, 40 positions and 2 types, drawn from a seed; change them, then run.
struct EmbeddingCase {
  EmbeddingCase(int row_count, int col_count, ElementType table_type, unsigned seed = 11);

  RowOutputs run(const Backend& backend, Format format) const;

  /// Runs every format and compares with the reference; `storage` is how the backend stores
  /// floating-point outputs.
  void check_agrees(const Backend& backend, Storage storage) const;

  int rows;
  int cols;
  ElementType token_type;
  std::vector<int32_t> ids, positions, types;
  std::vector<float> token_f32, row_scale, position, type, gamma, beta, inverse_scale;
  std::vector<int8_t> token_s8;
};

}  // namespace herosweep::kernels
