#include <cstring>

#include "kernels/cpu/operators.h"
#include "kernels/cpu/portable/gemm_layout.h"

namespace herosweep::kernels::cpu::portable {
namespace {

template <typename T>
void pack_column(const T* w, int k, T* panel_column) {
  for (int i = 0; i < k; ++i) panel_column[static_cast<size_t>(i) * kPanelColumns] = w[i];
}

// Both layouts hold pairs of neighbouring k, low nibble first: whole bytes move.
void pack_one(ElementType type, const void* w, int column, int k, char* panel, int panel_column) {
  const auto row = static_cast<size_t>(column);
  const auto width = static_cast<size_t>(k);
  if (type == ElementType::f32) {
    pack_column(static_cast<const float*>(w) + row * width, k,
                reinterpret_cast<float*>(panel) + panel_column);
  } else if (type == ElementType::s8) {
    pack_column(static_cast<const char*>(w) + row * width, k, panel + panel_column);
  } else {
    const int pairs = ceil_div(k, 2);
    pack_column(static_cast<const char*>(w) + row * static_cast<size_t>(pairs), pairs,
                panel + panel_column);
  }
}

// The low nibble of `byte` as a signed number.
int sign_extended(int byte) { return ((byte & 0xf) ^ 8) - 8; }

}  // namespace

size_t packed_bytes(ElementType type, int n, int k) {
  const size_t bytes = static_cast<size_t>(ceil_div(n, kPanelColumns)) * panel_bytes(type, k);
  return (bytes + 63) / 64 * 64;
}

void pack(ElementType type, const void* w, int n, int k, void* packed) {
  std::memset(packed, 0, packed_bytes(type, n, k));
  for (int column = 0; column < n; ++column) {
    char* panel = static_cast<char*>(packed) +
                  static_cast<size_t>(column / kPanelColumns) * panel_bytes(type, k);
    pack_one(type, w, column, k, panel, column % kPanelColumns);
  }
}

void widen_panel(ElementType type, const void* panel, int first_k, int ks, float* out) {
  const auto* bytes = static_cast<const int8_t*>(panel);
  if (type == ElementType::s8) {
    bytes += static_cast<size_t>(first_k) * kPanelColumns;
    for (int i = 0; i < ks * kPanelColumns; ++i) out[i] = bytes[i];
    return;
  }
  bytes += static_cast<size_t>(first_k / 2) * kPanelColumns;
  for (int k = 0; k < ks; k += 2) {
    for (int column = 0; column < kPanelColumns; ++column) {
      out[column] = static_cast<float>(sign_extended(bytes[column]));
      out[kPanelColumns + column] = static_cast<float>(bytes[column] >> 4);
    }
    bytes += kPanelColumns;
    out += 2 * kPanelColumns;
  }
}

}  // namespace herosweep::kernels::cpu::portable
