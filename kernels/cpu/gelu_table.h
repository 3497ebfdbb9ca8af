// GELU as one table of polynomials, for both of its forms.
//
//   gelu(x) = max(x, 0) - h(|x|),   h(a) = a - gelu(a), which falls to 0 from 0.17
//   h(a) = sum_p c[p][i] * d^p,     i = rint(a * scale), d = a * scale - i, a <= kGeluLimit
//
// The identity holds for every gelu(x) = x/2 * (1 + odd(x)). Sixteen intervals are what one vector
// permutation can look up. Absolute error: 3e-7 at degree 4, 1e-7 (the tail beyond the limit) at
// degree 5; gelu(0) is exactly 0 and NaN stays NaN.
#pragma once

#include "kernels/types.h"

namespace herosweep::kernels::cpu {

inline constexpr int kGeluIntervals = 16;
inline constexpr int kGeluMaxDegree = 5;
/// h(5.5) is 1e-7 and the gradient there 6e-7, so GELU is x or 0 beyond.
inline constexpr float kGeluLimit = 5.5f;
/// The limit falls a quarter of a step past the last interval's centre: half a step would be a tie,
/// which may round to an interval that does not exist.
inline constexpr float kGeluScale = (kGeluIntervals - 0.75f) / kGeluLimit;

struct GeluTable {
  alignas(64) float c[kGeluMaxDegree + 1][kGeluIntervals];
};

/// REQUIRES activation is gelu_erf or gelu_tanh, degree is 4 or 5. Built at the first call.
const GeluTable& gelu_table(Activation activation, int degree);

}  // namespace herosweep::kernels::cpu
