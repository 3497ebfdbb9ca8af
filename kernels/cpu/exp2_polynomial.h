// 2^f for |f| <= 1/2 as a polynomial of degree 5: 1 + f (c1 + f (c2 + ...)).
//
// Minimax fit of the relative error under p(0) = 1, so that a row's maximum is exactly 1; largest
// relative error 9.2e-8, 1.6e-7 when evaluated in FP32.
#pragma once

namespace herosweep::kernels::cpu {

inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kExp2C1 = 0x1.62e42ap-1f;
inline constexpr float kExp2C2 = 0x1.ebf9bcp-3f;
inline constexpr float kExp2C3 = 0x1.c6b752p-5f;
inline constexpr float kExp2C4 = 0x1.3cea88p-7f;
inline constexpr float kExp2C5 = 0x1.5bba1ap-10f;

}  // namespace herosweep::kernels::cpu
