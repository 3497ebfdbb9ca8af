// Softmax of a block of rows of FP32 scores, 16 keys at a time.
//
// `factor` is the scale of the scores times log2(e) and must not be negative: the maximum is taken
// and subtracted in front of it, which is exact for scores that are integers below 2^24 or that
// share one offset.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/attention_items.h"
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

/// Rows of scores, 64-byte aligned and readable up to a multiple of 16 keys.
struct ScoreBlock {
  char* data;
  size_t stride_bytes;
  int rows;  // at most kQueryBlock
  int keys;  // at least 1

  float* row(int r) const { return reinterpret_cast<float*>(data + r * stride_bytes); }
};

/// One vector for each row of a block, to be reduced to one value for each row.
using RowVectors = __m512[kQueryBlock];
static_assert(kQueryBlock % 4 == 0, "reduce_rows takes four rows at a time");

/// out[r] = the sixteen lanes of vectors[r] combined. Four rows share the shuffles: half the
/// instructions of a reduction for each.
template <typename Combine>
static inline void reduce_rows(const RowVectors& vectors, int rows, float* out,
                               const Combine& combine) {
  for (int r = 0; r < rows; r += 4) {
    const __m512 a = vectors[r];
    const __m512 b = vectors[r + 1];
    const __m512 c = vectors[r + 2];
    const __m512 d = vectors[r + 3];
    const __m512 ab = combine(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    const __m512 cd = combine(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    const __m512 abcd =
        combine(_mm512_shuffle_ps(ab, cd, 0b01'00'01'00), _mm512_shuffle_ps(ab, cd, 0b11'10'11'10));
    const __m512 half = combine(abcd, _mm512_shuffle_f32x4(abcd, abcd, 0b01'00'11'10));
    const __m512 all = combine(half, _mm512_shuffle_f32x4(half, half, 0b10'11'00'01));
    _mm_storeu_ps(out + r, _mm512_castps512_ps128(all));
  }
}

static inline void row_maxima(const ScoreBlock& block, float* maxima) {
  const __m512 lowest = _mm512_set1_ps(-__builtin_inff());
  RowVectors vectors = {};
  for (int r = 0; r < block.rows; ++r) {
    const float* scores = block.row(r);
    __m512 maximum = lowest;
    for (int j = 0; j < block.keys; j += 16) {
      maximum = _mm512_max_ps(maximum,
                              _mm512_mask_load_ps(lowest, first_lanes(block.keys - j), scores + j));
    }
    vectors[r] = maximum;
  }
  reduce_rows(vectors, block.rows, maxima, [](__m512 a, __m512 b) { return _mm512_max_ps(a, b); });
}

/// Calls store(r, j, e) for each 16 values e = exp(score - max), zero from `keys` on; writes the
/// sum of each row. kBounded: scores may be minus infinity, whose exponent would be NaN.
template <bool kBounded, typename Store>
static inline void exponentiate(const ScoreBlock& block, float factor, float* sums,
                                const Store& store) {
  float maxima[kQueryBlock];
  row_maxima(block, maxima);
  const __m512 factors = _mm512_set1_ps(factor);
  RowVectors vectors = {};
  for (int r = 0; r < block.rows; ++r) {
    const float* scores = block.row(r);
    const __m512 maximum = _mm512_set1_ps(maxima[r]);
    const auto exponential = [&](int j) {
      const __m512 x = _mm512_sub_ps(_mm512_load_ps(scores + j), maximum);
      // A NaN stands second and stays.
      return exp2_scaled(kBounded ? _mm512_max_ps(_mm512_set1_ps(-1e30f), x) : x, factors);
    };
    __m512 sum = _mm512_setzero_ps();
    int j = 0;
    for (; j + 16 <= block.keys; j += 16) {
      const __m512 e = exponential(j);
      sum = _mm512_add_ps(sum, e);
      store(r, j, e);
    }
    if (j < block.keys) {
      const __m512 e = _mm512_maskz_mov_ps(first_lanes(block.keys - j), exponential(j));
      sum = _mm512_add_ps(sum, e);
      store(r, j, e);
    }
    vectors[r] = sum;
  }
  reduce_rows(vectors, block.rows, sums, [](__m512 a, __m512 b) { return _mm512_add_ps(a, b); });
}

/// Rows of UINT8 probabilities, zero from `keys` to a multiple of 16.
struct ProbabilityBlock {
  uint8_t* data;
  size_t stride_bytes;

  uint8_t* row(int r) const { return data + r * stride_bytes; }
};

/// E = rint(255 * exp(score - max)); sums[r] of the exponentials in front of rounding.
static inline void softmax_rowmax_u8(const ScoreBlock& block, float factor,
                                     const ProbabilityBlock& out, float* sums) {
  const __m512 to_u8 = _mm512_set1_ps(255.0f);
  exponentiate<false>(block, factor, sums,
                      [&](int r, int j, __m512 e) { store_u8(out.row(r) + j, e, to_u8); });
}

/// P = rint(255 * p). The exponentials overwrite the scores.
static inline void softmax_static_u8(const ScoreBlock& block, float factor,
                                     const ProbabilityBlock& out) {
  float sums[kQueryBlock];
  exponentiate<false>(block, factor, sums,
                      [&](int r, int j, __m512 e) { _mm512_store_ps(block.row(r) + j, e); });
  for (int r = 0; r < block.rows; ++r) {
    const __m512 to_u8 = _mm512_set1_ps(255.0f / sums[r]);
    for (int j = 0; j < block.keys; j += 16) {
      store_u8(out.row(r) + j, _mm512_load_ps(block.row(r) + j), to_u8);
    }
  }
}

/// scores <- exp(score - max).
static inline void softmax_f32(const ScoreBlock& block, float factor, float* sums) {
  exponentiate<true>(block, factor, sums,
                     [&](int r, int j, __m512 e) { _mm512_store_ps(block.row(r) + j, e); });
}

}  // namespace herosweep::kernels::cpu::avx512
