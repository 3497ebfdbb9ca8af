// What `Output` means, one row at a time, for operators that hold whole rows.
//
// Everything here has internal linkage and is written for the vectoriser: each instruction set's
// files include it and get code of their own. Reference twin: kernels/reference/row_writer.h.
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

static inline int32_t max_magnitude_bits(const float* x, int n) {
  int32_t maximum = 0;
  for (int j = 0; j < n; ++j) {
    const int32_t bits = magnitude_bits(x[j]);
    maximum = bits > maximum ? bits : maximum;
  }
  return maximum;
}

/// clamp(rint(scaled), low, high), half to even. Adding 1.5 * 2^23 rounds as the FPU does and
/// leaves the integer in the low bits, which every instruction set can vectorise.
static inline int8_t round_to_int8(float scaled, float low, float high) {
  const float above = scaled > low ? scaled : low;
  const float clamped = above < high ? above : high;
  return static_cast<int8_t>(__builtin_bit_cast(int32_t, clamped + 12582912.0f));
}

static inline float symmetric_scale(float amax, const Int8Range& range) {
  const float scale = amax / range.divisor;
  return scale < FLT_MIN ? 1.0f : scale;
}

static inline void quantize_by_scalar(const float* y, int cols, float inverse_scale,
                                      const Int8Range& range, int8_t* out) {
  const float low = static_cast<float>(range.low);
  const float high = static_cast<float>(range.high);
  for (int j = 0; j < cols; ++j) out[j] = round_to_int8(y[j] * inverse_scale, low, high);
}

/// Returns the largest magnitude bits among the values that were rounded.
static inline int32_t quantize_by_feature(const float* y, int cols, const float* inverse_scale,
                                          const Int8Range& range, int8_t* out) {
  const float low = static_cast<float>(range.low);
  const float high = static_cast<float>(range.high);
  int32_t maximum = 0;
  for (int j = 0; j < cols; ++j) {
    const float scaled = y[j] * inverse_scale[j];
    const int32_t bits = magnitude_bits(scaled);
    maximum = bits > maximum ? bits : maximum;
    out[j] = round_to_int8(scaled, low, high);
  }
  return maximum;
}

/// Writes row `row` to every pointer that `out` sets. Returns false when a value of y, or a value
/// to be quantized, is NaN or infinite: its INT8 bytes then mean nothing.
static inline bool write_row(const float* y, int row, int cols, const Output& out) {
  const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(cols);
  const int32_t amax_bits = max_magnitude_bits(y, cols);
  bool finite = amax_bits < kInfinityBits;
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
        quantize_by_feature(y, cols, out.inverse_scale, out.range, out.s8 + begin);
    return finite && scaled_bits < kInfinityBits;
  }
  quantize_by_scalar(y, cols, 1.0f / token_scale, out.range, out.s8 + begin);
  return finite;
}

}  // namespace herosweep::kernels::cpu
