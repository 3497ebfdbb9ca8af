// The matrix products of attention: tiles of at most 6 rows x 4 vectors held in registers.
//
//   sums[r][c] = start + sum_w rows[r][w] * panel[w][c]      (words and panels: attention_layout.h)
//
// 24 accumulators, 4 panel vectors and a broadcast row word fill the 32 registers. The products are
// inline assembly because GCC 12 spills the accumulators of the equivalent VNNI intrinsics.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstring>

#include "kernels/cpu/avx512/attention_layout.h"

namespace herosweep::kernels::cpu::avx512 {

inline constexpr int kMaxTileRows = 6;

/// What a word is and which side carries the sign. VNNI multiplies UINT8 by INT8 only.
enum class Product { f32, s8_rows_u8_panel, u8_rows_s8_panel };

template <Product kProduct>
[[gnu::always_inline]] static inline void multiply_add(__m512i& sum, __m512i row, __m512i panel) {
  if constexpr (kProduct == Product::f32) {
    sum = _mm512_castps_si512(_mm512_fmadd_ps(_mm512_castsi512_ps(row), _mm512_castsi512_ps(panel),
                                              _mm512_castsi512_ps(sum)));
  } else if constexpr (kProduct == Product::s8_rows_u8_panel) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(panel), "v"(row));
  } else {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(row), "v"(panel));
  }
}

/// `rows` are kRows rows of words, `stride` bytes apart; `panel` has kVectors vectors.
template <Product kProduct, int kRows, int kVectors>
[[gnu::always_inline]] static inline void multiply_tile(const char* rows, size_t stride,
                                                        const char* panel, int words, __m512i start,
                                                        __m512i (&sums)[kRows][kVectors]) {
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) sums[r][c] = start;
  }
  const char* upper_rows = rows + 3 * stride;  // keeps the strides at 0, 1, 2 times `stride`
  for (int w = 0; w < words; ++w) {
    __m512i vectors[kVectors];
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) vectors[c] = _mm512_load_si512(panel + c * kVectorBytes);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      int word;
      std::memcpy(&word, r < 3 ? rows + r * stride : upper_rows + (r - 3) * stride, sizeof(word));
      const __m512i row = _mm512_set1_epi32(word);
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) multiply_add<kProduct>(sums[r][c], row, vectors[c]);
    }
    panel += kVectors * kVectorBytes;
    rows += sizeof(int);
    upper_rows += sizeof(int);
  }
}

/// Calls tile.template run<rows, vectors>() with both as compile-time constants.
/// REQUIRES 1 <= rows <= kMaxTileRows, 1 <= vectors <= kPanelVectors.
template <int kRows, typename Tile>
static inline void dispatch_vectors(int vectors, const Tile& tile) {
  switch (vectors) {
    case 1:
      return tile.template run<kRows, 1>();
    case 2:
      return tile.template run<kRows, 2>();
    case 3:
      return tile.template run<kRows, 3>();
    default:
      return tile.template run<kRows, 4>();
  }
}

template <typename Tile>
static inline void dispatch_tile(int rows, int vectors, const Tile& tile) {
  switch (rows) {
    case 1:
      return dispatch_vectors<1>(vectors, tile);
    case 2:
      return dispatch_vectors<2>(vectors, tile);
    case 3:
      return dispatch_vectors<3>(vectors, tile);
    case 4:
      return dispatch_vectors<4>(vectors, tile);
    case 5:
      return dispatch_vectors<5>(vectors, tile);
    default:
      return dispatch_vectors<6>(vectors, tile);
  }
}

}  // namespace herosweep::kernels::cpu::avx512
