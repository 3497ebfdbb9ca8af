// One quantize operator with its data, run on any backend: what test_quantize.cpp and the tests of
// the CUDA backend compare.
#pragma once

#include <vector>

#include "tests/kernels/row_outputs.h"

namespace herosweep::kernels {

/// x is drawn from a seed; change it, then run.
struct QuantizeCase {
  QuantizeCase(int row_count, int col_count, Activation function, unsigned seed = 5);

  RowOutputs run(const Backend& backend, Format format, Int8Range range = {}) const;

  /// Runs every format and compares with the reference; `storage` is how the backend stores
  /// floating-point outputs.
  void check_agrees(const Backend& backend, Storage storage) const;

  int rows;
  int cols;
  Activation activation;
  std::vector<float> x, inverse_scale;
};

}  // namespace herosweep::kernels
