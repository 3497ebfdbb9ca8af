// One layer norm with its data, run on any backend: what test_layer_norm.cpp and the tests of the
// CUDA backend compare.
#pragma once

#include <string>
#include <vector>

#include "tests/kernels/row_outputs.h"

namespace herosweep::kernels {

enum class Inputs { f32_f32, s8_f32, s8_s8, f32_s8, f32_alone, s8_alone };
inline constexpr Inputs kInputs[] = {Inputs::f32_f32, Inputs::s8_f32,    Inputs::s8_s8,
                                     Inputs::f32_s8,  Inputs::f32_alone, Inputs::s8_alone};

/// Operands are drawn from a seed; change them, then run.
struct LayerNormCase {
  LayerNormCase(int row_count, int col_count, Inputs input_types, unsigned seed = 7);

  RowOutputs run(const Backend& backend, Format format, Int8Range range = {}) const;

  /// Runs every format, or `formats`, and compares with the reference; `storage` is how the backend
  /// stores floating-point outputs.
  void check_agrees(const Backend& backend, Storage storage,
                    const std::vector<Format>& formats = all_formats()) const;

  /// Rounding errors of a row: of z, blown up by 1 / deviation; of the variance's sum; of beta.
  /// Relative to one |y| where the row's own statistics are well conditioned.
  double tolerance(size_t i, const RowOutputs& reference) const;

  int rows;
  int cols;
  Inputs inputs;
  bool every_scale = false;  // INT8 operands get a scale for each row and one for each column
  float epsilon = 1e-12f;
  std::vector<float> residual_f32, x_f32, token_scale, feature_scale, gamma, beta, inverse_scale;
  std::vector<int8_t> residual_s8, x_s8;

 private:
  LayerNormArgs args() const;
};

}  // namespace herosweep::kernels
