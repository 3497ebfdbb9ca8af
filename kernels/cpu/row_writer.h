// What operands and `Output` mean, one row at a time, for operators that hold whole rows. Internal
// linkage: each instruction set's files get code of their own. Reference twin:
// kernels/reference/row_writer.h.
#pragma once

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/types.h"

namespace herosweep::kernels::cpu {

/// Bit pattern of +infinity: a magnitude's pattern is below it exactly when the value is finite.
inline constexpr int32_t kInfinityBits = 0x7f800000;

/// Bits of |x|. Non-negative floats are ordered as their bits are, infinity and NaN last, so one
/// integer maximum finds both a row's amax and whether the row is finite.
static inline int32_t magnitude_bits(float x) {
  return __builtin_bit_cast(int32_t, x) & 0x7fffffff;
}

/// One row of an operand that a layer norm or embedding adds up.
struct RowSource {
  ElementType type;  // f32 or s8
  const void* data;
  float row_scale;             // of s8
  const float* feature_scale;  // of s8; null = 1
};

static inline RowSource row_of(const Operand& operand, int row, int cols) {
  const size_t bytes = operand.type == ElementType::f32 ? sizeof(float) : 1;
  const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(cols) * bytes;
  return {operand.type, static_cast<const char*>(operand.data) + begin,
          operand.token_scale != nullptr ? operand.token_scale[row] : 1.0f, operand.feature_scale};
}

/// What a row's second pass finds: the rounding error of its mean, and 1 / sqrt(var + epsilon).
struct RowMoments {
  float shift;
  float inverse_deviation;
};

/// From the sums of (z - mean) and (z - mean)^2. The first is not zero, because the mean is
/// rounded; taking it out again is the corrected two-pass algorithm (Chan, Golub, LeVeque). Without
/// it a constant row, whose variance is 0, has that error blown up by 1 / sqrt(epsilon).
static inline RowMoments correct_moments(float remainder, float squares, int cols, float epsilon) {
  const float count = static_cast<float>(cols);
  const float shift = remainder / count;
  const float corrected = squares / count - shift * shift;
  const float variance = corrected < 0.0f ? 0.0f : corrected;
  return {shift, 1.0f / __builtin_sqrtf(variance + epsilon)};
}

static inline float symmetric_scale(float amax, const Int8Range& range) {
  const float scale = amax / range.divisor;
  return scale < FLT_MIN ? 1.0f : scale;
}

/// Writes row `row` to every pointer that `out` sets; `amax_bits` are y's largest magnitude bits.
/// Returns false when a value of y, or a value to be quantized, is NaN or infinite: its INT8 bytes
/// then mean nothing. `Rows` has the loops of one instruction set:
/// portable/rows.h, avx512/rows.h.
template <typename Rows>
static inline bool write_row(const float* y, int32_t amax_bits, int row, int cols,
                             const Output& out) {
  const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(cols);
  const bool finite = amax_bits < kInfinityBits;
  if (out.f32 != nullptr) {
    std::memcpy(out.f32 + begin, y, sizeof(float) * static_cast<size_t>(cols));
  }
  float token_scale = 1.0f;
  if (out.token_scale != nullptr) {
    token_scale = symmetric_scale(__builtin_bit_cast(float, amax_bits), out.range);
    out.token_scale[row] = token_scale;
  }
  if (out.s8 == nullptr) return finite;
  if (out.inverse_scale != nullptr) {
    const int32_t scaled_bits =
        Rows::quantize_by_feature(y, cols, out.inverse_scale, out.range, out.s8 + begin);
    return finite && scaled_bits < kInfinityBits;
  }
  Rows::quantize_by_scalar(y, cols, 1.0f / token_scale, out.range, out.s8 + begin);
  return finite;
}

}  // namespace herosweep::kernels::cpu
