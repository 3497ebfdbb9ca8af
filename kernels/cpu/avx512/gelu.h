// GELU of sixteen values at once; see kernels/cpu/gelu_table.h for the method.
#pragma once

#include <immintrin.h>

#include "kernels/cpu/gelu_table.h"

namespace herosweep::kernels::cpu::avx512 {

/// degree must be the one that the table was built for.
template <int degree>
[[gnu::always_inline]] static inline __m512 gelu(__m512 x, const GeluTable& table) {
  constexpr int kMinOfMagnitudes = 0b1010;  // smaller of the two, sign cleared
  const __m512 scale = _mm512_set1_ps(kGeluScale);
  // Adding 1.5 * 2^23 leaves rint(a * scale) in the low bits, where the permutation looks.
  const __m512 magic = _mm512_set1_ps(12582912.0f);
  const __m512 a = _mm512_range_ps(x, _mm512_set1_ps(kGeluLimit), kMinOfMagnitudes);
  const __m512 shifted = _mm512_fmadd_ps(a, scale, magic);
  const __m512i interval = _mm512_castps_si512(shifted);
  const __m512 d = _mm512_fmsub_ps(a, scale, _mm512_sub_ps(shifted, magic));
  __m512 h = _mm512_permutexvar_ps(interval, _mm512_load_ps(table.c[degree]));
#pragma GCC unroll 8
  for (int p = degree - 1; p >= 0; --p) {
    h = _mm512_fmadd_ps(h, d, _mm512_permutexvar_ps(interval, _mm512_load_ps(table.c[p])));
  }
  // x stands second: the instruction returns its second operand when either is NaN.
  return _mm512_sub_ps(_mm512_max_ps(_mm512_setzero_ps(), x), h);
}

}  // namespace herosweep::kernels::cpu::avx512
