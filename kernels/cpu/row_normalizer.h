// Layer normalisation of one row in L1, and the loads in front of it.
//
// Internal linkage, written for the vectoriser, as kernels/cpu/row_writer.h. Reference twin:
// kernels/reference/row_normalizer.h.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels::cpu {

/// row[cols] <- (row - mean) / sqrt(var + epsilon) * gamma + beta.
///
/// The mean's own rounding error is measured in the second pass and taken out again (Chan, Golub,
/// LeVeque: corrected two-pass variance): without that a constant row, whose variance is 0, would
/// have that error blown up by 1 / sqrt(epsilon).
static inline void normalize_row(float* row, int cols, const float* gamma, const float* beta,
                                 float epsilon) {
  const float count = static_cast<float>(cols);
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (int j = 0; j < cols; ++j) sum += row[j];
  const float mean = sum / count;
  float remainder = 0.0f;
  float squares = 0.0f;
#pragma omp simd reduction(+ : remainder, squares)
  for (int j = 0; j < cols; ++j) {
    const float centred = row[j] - mean;
    remainder += centred;
    squares += centred * centred;
  }
  const float shift = remainder / count;
  const float corrected = squares / count - shift * shift;
  const float variance = corrected < 0.0f ? 0.0f : corrected;
  const float inverse_deviation = 1.0f / __builtin_sqrtf(variance + epsilon);
  for (int j = 0; j < cols; ++j) {
    row[j] = ((row[j] - mean) - shift) * inverse_deviation * gamma[j] + beta[j];
  }
}

/// sum[j] (+)= q[j] * row_scale (* feature_scale[j]).
template <bool kAdd>
static inline void load_s8(const int8_t* q, float row_scale, const float* feature_scale, int cols,
                           float* sum) {
  if (feature_scale == nullptr) {
    for (int j = 0; j < cols; ++j) {
      sum[j] = static_cast<float>(q[j]) * row_scale + (kAdd ? sum[j] : 0.0f);
    }
    return;
  }
  for (int j = 0; j < cols; ++j) {
    sum[j] = static_cast<float>(q[j]) * row_scale * feature_scale[j] + (kAdd ? sum[j] : 0.0f);
  }
}

template <bool kAdd>
static inline void load_f32(const float* x, int cols, float* sum) {
  for (int j = 0; j < cols; ++j) sum[j] = x[j] + (kAdd ? sum[j] : 0.0f);
}

/// sum (+)= row `row` of the operand in FP32.
template <bool kAdd>
static inline void load_row(const Operand& operand, int row, int cols, float* sum) {
  const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(cols);
  if (operand.type == ElementType::f32) {
    load_f32<kAdd>(static_cast<const float*>(operand.data) + begin, cols, sum);
    return;
  }
  const float row_scale = operand.token_scale != nullptr ? operand.token_scale[row] : 1.0f;
  load_s8<kAdd>(static_cast<const int8_t*>(operand.data) + begin, row_scale, operand.feature_scale,
                cols, sum);
}

}  // namespace herosweep::kernels::cpu
