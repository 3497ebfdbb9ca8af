// How this instruction set stores weights w[n, k]: panels of 64 columns (output features), each a
// sequence of 256-byte steps that one row of the register tile consumes whole.
//
//   f32: [panel][k][64]               a step is one k
//   s8 : [panel][k/4][64][4]          a step is four k, as vpdpbusd multiplies them; bytes hold
//                                     w + 128, because that operand is unsigned
//   s4 : [panel][k/8][64][4]          two steps in 256 bytes: low nibbles, then high nibbles; a
//                                     nibble holds w + 8
//
// Unsigned weights leave the activations as they are: acc = sum x * (w + offset), from which
// offset * sum(x) is subtracted. Columns and k are padded with w = 0 (f32) or w + offset = 0.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels::cpu::avx512 {

inline constexpr int kPanelColumns = 64;
inline constexpr int kStepBytes = 256;
/// Values of k that vpdpbusd sums into one lane.
inline constexpr int kGroup = 4;

constexpr int weight_offset(ElementType type) { return type == ElementType::s4 ? 8 : 128; }

constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

constexpr size_t panel_bytes(ElementType type, int k) {
  switch (type) {
    case ElementType::f32:
      return static_cast<size_t>(k) * kStepBytes;
    case ElementType::s8:
      return static_cast<size_t>(ceil_div(k, kGroup)) * kStepBytes;
    case ElementType::f16:  // CUDA only
      break;
    case ElementType::s4:
      return static_cast<size_t>(ceil_div(k, 2 * kGroup)) * kStepBytes;
  }
  return 0;
}

}  // namespace herosweep::kernels::cpu::avx512
