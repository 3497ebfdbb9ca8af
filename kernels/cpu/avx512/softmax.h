// Softmax of one row of scores, 16 at a time. `factor` is the scale of the scores times log2(e) and
// must not be negative: the maximum is taken in front of it, so that INT32 scores are compared and
// subtracted exactly.
#pragma once

#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/exp2_polynomial.h"

namespace herosweep::kernels::cpu::avx512 {

static inline __mmask16 first_lanes(int count) {
  return count >= 16 ? 0xffff : static_cast<__mmask16>((1u << count) - 1u);
}

/// 2^(x * factor) for x * factor <= 0. Adding 1.5 * 2^23 rounds to an integer; where the product is
/// too large for that, the power is 0 whatever the polynomial says.
static inline __m512 exp2_scaled(__m512 x, __m512 factor) {
  const __m512 round = _mm512_set1_ps(12582912.0f);
  const __m512 exponent = _mm512_sub_ps(_mm512_fmadd_ps(x, factor, round), round);
  const __m512 f = _mm512_fmsub_ps(x, factor, exponent);
  __m512 p = _mm512_fmadd_ps(_mm512_set1_ps(kExp2C5), f, _mm512_set1_ps(kExp2C4));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(kExp2C3));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(kExp2C2));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(kExp2C1));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, exponent);
}

/// rint(255 * p) as UINT8 for p in [0, 1]: the low byte behind 1.5 * 2^23.
static inline void store_u8(uint8_t* out, __m512 p, __m512 to_u8) {
  const __m512 shifted = _mm512_fmadd_ps(p, to_u8, _mm512_set1_ps(12582912.0f));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm512_cvtepi32_epi8(_mm512_castps_si512(shifted)));
}

static inline int32_t row_maximum(const int32_t* scores, int keys) {
  const __m512i lowest = _mm512_set1_epi32(INT32_MIN);
  __m512i maximum = lowest;
  for (int j = 0; j < keys; j += 16) {
    const __m512i valid = _mm512_mask_loadu_epi32(lowest, first_lanes(keys - j), scores + j);
    maximum = _mm512_max_epi32(maximum, valid);
  }
  return _mm512_reduce_max_epi32(maximum);
}

static inline float row_maximum(const float* scores, int keys) {
  const __m512 lowest = _mm512_set1_ps(-__builtin_inff());
  __m512 maximum = lowest;
  for (int j = 0; j < keys; j += 16) {
    maximum =
        _mm512_max_ps(maximum, _mm512_mask_loadu_ps(lowest, first_lanes(keys - j), scores + j));
  }
  return _mm512_reduce_max_ps(maximum);
}

/// scores[j .. j + 16) - maximum, in FP32 and never above zero.
static inline __m512 centred(const int32_t* scores, int32_t maximum) {
  return _mm512_cvtepi32_ps(
      _mm512_sub_epi32(_mm512_load_si512(scores), _mm512_set1_epi32(maximum)));
}

/// Bounded, because minus infinity less its exponent is NaN. A NaN stays one.
static inline __m512 centred(const float* scores, float maximum) {
  return _mm512_max_ps(_mm512_set1_ps(-1e30f),
                       _mm512_sub_ps(_mm512_load_ps(scores), _mm512_set1_ps(maximum)));
}

/// Calls store(j, e) for each 16 values e = exp(score - max), zero from `keys` on; returns their
/// sum. REQUIRES keys >= 1, rows padded to 16 scores and 64-byte aligned.
template <typename Score, typename Store>
static inline float exponentiate(const Score* scores, int keys, float factor, const Store& store) {
  const Score maximum = row_maximum(scores, keys);
  const __m512 factors = _mm512_set1_ps(factor);
  __m512 sum = _mm512_setzero_ps();
  int j = 0;
  for (; j + 16 <= keys; j += 16) {
    const __m512 e = exp2_scaled(centred(scores + j, maximum), factors);
    sum = _mm512_add_ps(sum, e);
    store(j, e);
  }
  if (j < keys) {
    const __m512 e = _mm512_maskz_mov_ps(first_lanes(keys - j),
                                         exp2_scaled(centred(scores + j, maximum), factors));
    sum = _mm512_add_ps(sum, e);
    store(j, e);
  }
  return _mm512_reduce_add_ps(sum);
}

/// E = rint(255 * exp(score - max)); returns the sum of the exponentials in front of rounding.
static inline float softmax_rowmax_u8(const int32_t* scores, int keys, float factor, uint8_t* out) {
  const __m512 to_u8 = _mm512_set1_ps(255.0f);
  return exponentiate(scores, keys, factor, [&](int j, __m512 e) { store_u8(out + j, e, to_u8); });
}

/// P = rint(255 * p). The exponentials overwrite the scores.
static inline void softmax_static_u8(int32_t* scores, int keys, float factor, uint8_t* out) {
  const float sum = exponentiate(scores, keys, factor, [&](int j, __m512 e) {
    _mm512_store_si512(scores + j, _mm512_castps_si512(e));
  });
  const __m512 to_u8 = _mm512_set1_ps(255.0f / sum);
  for (int j = 0; j < keys; j += 16) {
    store_u8(out + j, _mm512_castsi512_ps(_mm512_load_si512(scores + j)), to_u8);
  }
}

/// scores <- exp(scores - max); returns their sum.
static inline float softmax_f32(float* scores, int keys, float factor) {
  return exponentiate(scores, keys, factor,
                      [&](int j, __m512 e) { _mm512_store_ps(scores + j, e); });
}

}  // namespace herosweep::kernels::cpu::avx512
