// How the portable GEMM stores weights w[n, k]: panels of 16 columns (output features), k-major, so
// that one k of a panel is one run of sixteen values. Padded columns are 0.
//
//   f32, s8: [panel][k][16]
//   s4     : [panel][ceil(k/2)][16], the even k in the low nibble
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels::cpu::portable {

inline constexpr int kPanelColumns = 16;

constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }

constexpr size_t panel_bytes(ElementType type, int k) {
  switch (type) {
    case ElementType::f32:
      return sizeof(float) * kPanelColumns * static_cast<size_t>(k);
    case ElementType::s8:
      return kPanelColumns * static_cast<size_t>(k);
    case ElementType::f16:  // CUDA only
      break;
    case ElementType::s4:
      return kPanelColumns * static_cast<size_t>(ceil_div(k, 2));
  }
  return 0;
}

/// Rows [first_k, first_k + ks) of an s8 or s4 panel as FP32, [ks, 16]; s4 writes an even
/// number of rows. REQUIRES an even first_k.
void widen_panel(ElementType type, const void* panel, int first_k, int ks, float* out);

}  // namespace herosweep::kernels::cpu::portable
