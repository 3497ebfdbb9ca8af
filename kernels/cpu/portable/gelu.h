// GELU of one value; loops over it vectorize. The method stands in kernels/cpu/gelu_table.h.
#pragma once

#include <cstdint>

#include "kernels/cpu/gelu_table.h"

namespace herosweep::kernels::cpu::portable {

/// REQUIRES a table of degree kGeluMaxDegree.
[[gnu::always_inline]] static inline float gelu(float x, const GeluTable& table) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it leaves an integer in the low bits
  const float magnitude = __builtin_fabsf(x);
  const float a = (magnitude < kGeluLimit ? magnitude : kGeluLimit) * kGeluScale;
  const float shifted = a + kRound;
  const int interval = __builtin_bit_cast(int32_t, shifted) & (kGeluIntervals - 1);
  const float d = a - (shifted - kRound);
  float h = table.c[kGeluMaxDegree][interval];
#pragma GCC unroll 8
  for (int p = kGeluMaxDegree - 1; p >= 0; --p) h = h * d + table.c[p][interval];
  return (0.0f > x ? 0.0f : x) - h;  // this order keeps a NaN
}

}  // namespace herosweep::kernels::cpu::portable
