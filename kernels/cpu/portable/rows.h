// The loops over one row that layer norm, embedding and quantize are made of, for the vectoriser:
// branch-free, without a reduction whose order matters. Reference twins: kernels/reference/row_*.h.
#pragma once

#include <cstdint>

#include "kernels/cpu/row_writer.h"

namespace herosweep::kernels::cpu::portable {
namespace {

struct Rows {
  /// z = sum of the sources; returns the sum of z.
  static float sum_sources(const RowSource* sources, int count, int cols, float* z) {
    load<false>(sources[0], cols, z);
    for (int i = 1; i < count; ++i) load<true>(sources[i], cols, z);
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int j = 0; j < cols; ++j) sum += z[j];
    return sum;
  }

  /// z <- (z - mean) / sqrt(var + epsilon) * gamma + beta; see row_operators.h. Returns the largest
  /// magnitude bits of the result.
  static int32_t normalize(float* z, int cols, float sum, const float* gamma, const float* beta,
                           float epsilon) {
    const float mean = sum / static_cast<float>(cols);
    float remainder = 0.0f;
    float squares = 0.0f;
#pragma omp simd reduction(+ : remainder, squares)
    for (int j = 0; j < cols; ++j) {
      const float centred = z[j] - mean;
      remainder += centred;
      squares += centred * centred;
    }
    const RowMoments moments = correct_moments(remainder, squares, cols, epsilon);
    for (int j = 0; j < cols; ++j) {
      const float centred = (z[j] - mean) - moments.shift;
      z[j] = centred * moments.inverse_deviation * gamma[j] + beta[j];
    }
    return max_magnitude_bits(z, cols);
  }

  static int32_t max_magnitude_bits(const float* x, int n) {
    int32_t maximum = 0;
    for (int j = 0; j < n; ++j) {
      const int32_t bits = magnitude_bits(x[j]);
      maximum = bits > maximum ? bits : maximum;
    }
    return maximum;
  }

  static void quantize_by_scalar(const float* y, int cols, float inverse_scale, Int8Range range,
                                 int8_t* out) {
    const float low = static_cast<float>(range.low);
    const float high = static_cast<float>(range.high);
    for (int j = 0; j < cols; ++j) out[j] = round_to_int8(y[j] * inverse_scale, low, high);
  }

  /// Returns the largest magnitude bits among the values that were rounded.
  static int32_t quantize_by_feature(const float* y, int cols, const float* inverse_scale,
                                     Int8Range range, int8_t* out) {
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

 private:
  /// clamp(rint(scaled), low, high), half to even. Adding 1.5 * 2^23 rounds as the FPU does and
  /// leaves the integer in the low bits, which every instruction set can vectorise.
  static int8_t round_to_int8(float scaled, float low, float high) {
    const float above = scaled > low ? scaled : low;
    const float clamped = above < high ? above : high;
    return static_cast<int8_t>(__builtin_bit_cast(int32_t, clamped + 12582912.0f));
  }

  /// z (+)= source.
  template <bool kAdd>
  static void load(const RowSource& source, int cols, float* z) {
    if (source.type == ElementType::f32) {
      const auto* x = static_cast<const float*>(source.data);
      for (int j = 0; j < cols; ++j) z[j] = (kAdd ? z[j] : 0.0f) + x[j];
      return;
    }
    const auto* q = static_cast<const int8_t*>(source.data);
    if (source.feature_scale == nullptr) {
      for (int j = 0; j < cols; ++j) {
        z[j] = (kAdd ? z[j] : 0.0f) + static_cast<float>(q[j]) * source.row_scale;
      }
      return;
    }
    for (int j = 0; j < cols; ++j) {
      z[j] = (kAdd ? z[j] : 0.0f) +
             static_cast<float>(q[j]) * source.row_scale * source.feature_scale[j];
    }
  }
};

}  // namespace
}  // namespace herosweep::kernels::cpu::portable
