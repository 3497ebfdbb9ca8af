// The loops over one row that layer norm, embedding and quantize are made of, sixteen values at a
// time. Reference twins: kernels/reference/row_*.h.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/row_writer.h"

namespace herosweep::kernels::cpu::avx512 {
namespace {

/// Calls body(j, mask) for each sixteen columns; the mask is a constant in all calls but the last.
template <typename Body>
[[gnu::always_inline]] inline void for_each_vector(int begin, int cols, const Body& body) {
  int j = begin;
  for (; j + 16 <= cols; j += 16) body(j, static_cast<__mmask16>(0xffff));
  if (j < cols) body(j, static_cast<__mmask16>((1u << (cols - j)) - 1u));
}

struct Rows {
  /// z = sum of the sources; returns the sum of z.
  static float sum_sources(const RowSource* sources, int count, int cols, float* z) {
    __m512 sum = _mm512_setzero_ps();
    for_each_vector(0, cols, [&](int j, __mmask16 mask) {
      __m512 value = load(sources[0], j, mask);
      for (int i = 1; i < count; ++i) value = _mm512_add_ps(value, load(sources[i], j, mask));
      _mm512_mask_storeu_ps(z + j, mask, value);
      sum = _mm512_add_ps(sum, value);
    });
    return _mm512_reduce_add_ps(sum);
  }

  /// z <- (z - mean) / sqrt(var + epsilon) * gamma + beta; see row_operators.h. Returns the largest
  /// magnitude bits of the result.
  static int32_t normalize(float* z, int cols, float sum, const float* gamma, const float* beta,
                           float epsilon) {
    const float mean = sum / static_cast<float>(cols);
    const RowMoments moments = measure(z, cols, mean, epsilon);
    const __m512 means = _mm512_set1_ps(mean);
    const __m512 shifts = _mm512_set1_ps(moments.shift);
    const __m512 inverses = _mm512_set1_ps(moments.inverse_deviation);
    __m512i maximum = _mm512_setzero_si512();
    for_each_vector(0, cols, [&](int j, __mmask16 mask) {
      const __m512 centred =
          _mm512_sub_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(mask, z + j), means), shifts);
      const __m512 y =
          _mm512_fmadd_ps(_mm512_mul_ps(centred, inverses), _mm512_maskz_loadu_ps(mask, gamma + j),
                          _mm512_maskz_loadu_ps(mask, beta + j));
      _mm512_mask_storeu_ps(z + j, mask, y);
      maximum = _mm512_max_epi32(maximum, magnitudes(y));
    });
    return _mm512_reduce_max_epi32(maximum);
  }

  static int32_t max_magnitude_bits(const float* x, int n) {
    __m512i maximum = _mm512_setzero_si512();
    for_each_vector(0, n, [&](int j, __mmask16 mask) {
      maximum = _mm512_max_epi32(maximum, magnitudes(_mm512_maskz_loadu_ps(mask, x + j)));
    });
    return _mm512_reduce_max_epi32(maximum);
  }

  static void quantize_by_scalar(const float* y, int cols, float inverse_scale, Int8Range range,
                                 int8_t* out) {
    const __m512 inverse = _mm512_set1_ps(inverse_scale);
    const Bounds bounds(range);
    for_each_vector(0, cols, [&](int j, __mmask16 mask) {
      store(out + j, mask, _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, y + j), inverse), bounds);
    });
  }

  /// Returns the largest magnitude bits among the values that were rounded.
  static int32_t quantize_by_feature(const float* y, int cols, const float* inverse_scale,
                                     Int8Range range, int8_t* out) {
    const Bounds bounds(range);
    __m512i maximum = _mm512_setzero_si512();
    for_each_vector(0, cols, [&](int j, __mmask16 mask) {
      const __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, y + j),
                                          _mm512_maskz_loadu_ps(mask, inverse_scale + j));
      maximum = _mm512_max_epi32(maximum, magnitudes(scaled));
      store(out + j, mask, scaled, bounds);
    });
    return _mm512_reduce_max_epi32(maximum);
  }

 private:
  struct Bounds {
    explicit Bounds(Int8Range range)
        : low(_mm512_set1_ps(static_cast<float>(range.low))),
          high(_mm512_set1_ps(static_cast<float>(range.high))) {}
    __m512 low;
    __m512 high;
  };

  [[gnu::always_inline]] static __m512i magnitudes(__m512 x) {
    return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff));
  }

  [[gnu::always_inline]] static void store(int8_t* out, __mmask16 mask, __m512 scaled,
                                           const Bounds& bounds) {
    const __m512 clamped = _mm512_min_ps(_mm512_max_ps(scaled, bounds.low), bounds.high);
    const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(clamped));
    _mm_mask_storeu_epi8(out, mask, bytes);
  }

  /// The type is the same for a whole row, so its branch is always predicted.
  [[gnu::always_inline]] static __m512 load(const RowSource& source, int j, __mmask16 mask) {
    if (source.type == ElementType::f32) {
      return _mm512_maskz_loadu_ps(mask, static_cast<const float*>(source.data) + j);
    }
    const __m128i bytes = _mm_maskz_loadu_epi8(mask, static_cast<const int8_t*>(source.data) + j);
    const __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)),
                                       _mm512_set1_ps(source.row_scale));
    if (source.feature_scale == nullptr) return value;
    return _mm512_mul_ps(value, _mm512_maskz_loadu_ps(mask, source.feature_scale + j));
  }

  /// Four sums of each kind: one would wait for the latency of every addition.
  static RowMoments measure(const float* z, int cols, float mean, float epsilon) {
    constexpr int kSums = 4;
    const __m512 means = _mm512_set1_ps(mean);
    __m512 remainder[kSums] = {};
    __m512 squares[kSums] = {};
    int j = 0;
    for (; j + 16 * kSums <= cols; j += 16 * kSums) {
#pragma GCC unroll 4
      for (int i = 0; i < kSums; ++i) {
        const __m512 centred = _mm512_sub_ps(_mm512_loadu_ps(z + j + 16 * i), means);
        remainder[i] = _mm512_add_ps(remainder[i], centred);
        squares[i] = _mm512_fmadd_ps(centred, centred, squares[i]);
      }
    }
    for_each_vector(j, cols, [&](int tail, __mmask16 mask) {
      const __m512 centred =
          _mm512_maskz_sub_ps(mask, _mm512_maskz_loadu_ps(mask, z + tail), means);
      remainder[0] = _mm512_add_ps(remainder[0], centred);
      squares[0] = _mm512_fmadd_ps(centred, centred, squares[0]);
    });
    const auto total = [](const __m512(&sums)[kSums]) {
      return _mm512_reduce_add_ps(
          _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
    };
    return correct_moments(total(remainder), total(squares), cols, epsilon);
  }
};

}  // namespace
}  // namespace herosweep::kernels::cpu::avx512
