// Weights [out, in] to integers with one scale a row.
//
//   W'[o,i] = W[o,i] * input_scale[i]       (static input scales are folded in first)
//   scale   = amax over the row, the group of rows or the whole matrix, / divisor
//   q[o,i]  = clamp(rint(W'[o,i] / scale))
//
// A group is out / groups consecutive rows (ZeroQuant's released code: `reshape(groups, -1)`). A
// fold by 1 / output_scale[o] needs no code here: with a scale a row it leaves q as it is and
// divides the row's scale.
#pragma once

#include <cstdint>
#include <vector>

#include "core/quant/plan.h"

namespace herosweep::quant {

struct WeightQuantization {
  kernels::ElementType type = kernels::ElementType::s8;  // s8 or s4
  WeightGranularity granularity = WeightGranularity::row;
  /// Groups of each part (WeightGranularity::group). -1: one row a group. 0: the smaller side of a
  /// part / 16, which is hidden / 16 for every matrix of a transformer whose feed-forward width is
  /// at least its hidden size.
  int groups = 0;
  /// Matrices stacked along the rows whose groups, or whose one scale, are their own (3 for QKV).
  int parts = 1;
  RangeKind range = RangeKind::symmetric127;
  const float* input_scale = nullptr;  // [in] or null (= 1)
};

struct QuantizedWeights {
  std::vector<int8_t> values;    // s8: [out, in]; s4: [out, ceil(in / 2)] bytes, low nibble first
  std::vector<float> row_scale;  // [out]
};

/// w [out, in] row-major. An embedding table is a matrix of row granularity. Throws PlanError when
/// groups or parts do not divide the rows, ModelError for a non-finite value (naming row and
/// column).
QuantizedWeights quantize_weights(const float* w, int out, int in,
                                  const WeightQuantization& quantization);

}  // namespace herosweep::quant
