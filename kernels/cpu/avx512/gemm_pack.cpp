#include <cstring>

#include "kernels/cpu/avx512/gemm_layout.h"
#include "kernels/cpu/operators.h"

namespace herosweep::kernels::cpu::avx512 {
namespace {

void pack_f32(const float* w, int columns, int k, float* panel) {
  for (int column = 0; column < columns; ++column) {
    for (int i = 0; i < k; ++i) {
      panel[static_cast<size_t>(i) * kPanelColumns + column] =
          w[static_cast<size_t>(column) * k + i];
    }
  }
}

size_t byte_in_step(int column, int i) { return static_cast<size_t>(column) * kGroup + i % kGroup; }

void pack_s8(const int8_t* w, int columns, int k, uint8_t* panel) {
  for (int column = 0; column < columns; ++column) {
    const int8_t* row = w + static_cast<size_t>(column) * k;
    for (int i = 0; i < k; ++i) {
      const size_t step = static_cast<size_t>(i / kGroup);
      panel[step * kStepBytes + byte_in_step(column, i)] = static_cast<uint8_t>(row[i] + 128);
    }
  }
}

void pack_s4(const uint8_t* w, int columns, int k, uint8_t* panel) {
  const size_t row_bytes = (static_cast<size_t>(k) + 1) / 2;
  for (int column = 0; column < columns; ++column) {
    const uint8_t* row = w + column * row_bytes;
    for (int i = 0; i < k; ++i) {
      const unsigned two_complement = (i % 2 == 0 ? row[i / 2] : row[i / 2] >> 4) & 0xfu;
      const unsigned nibble = two_complement ^ 8u;  // w + 8
      const int step = i / kGroup;
      uint8_t& byte = panel[static_cast<size_t>(step / 2) * kStepBytes + byte_in_step(column, i)];
      byte = static_cast<uint8_t>(byte | (step % 2 == 0 ? nibble : nibble << 4));
    }
  }
}

}  // namespace

size_t packed_bytes(ElementType type, int n, int k) {
  return static_cast<size_t>(ceil_div(n, kPanelColumns)) * panel_bytes(type, k);
}

void pack(ElementType type, const void* w, int n, int k, void* packed) {
  std::memset(packed, 0, packed_bytes(type, n, k));
  for (int column = 0; column < n; column += kPanelColumns) {
    const int columns = n - column < kPanelColumns ? n - column : kPanelColumns;
    char* panel = static_cast<char*>(packed) + (column / kPanelColumns) * panel_bytes(type, k);
    const size_t offset = static_cast<size_t>(column) * k;
    switch (type) {
      case ElementType::f32:
        pack_f32(static_cast<const float*>(w) + offset, columns, k,
                 reinterpret_cast<float*>(panel));
        break;
      case ElementType::s8:
        pack_s8(static_cast<const int8_t*>(w) + offset, columns, k,
                reinterpret_cast<uint8_t*>(panel));
        break;
      case ElementType::f16:  // CUDA only
        break;
      case ElementType::s4:
        pack_s4(static_cast<const uint8_t*>(w) +
                    static_cast<size_t>(column) * ((static_cast<size_t>(k) + 1) / 2),
                columns, k, reinterpret_cast<uint8_t*>(panel));
        break;
    }
  }
}

}  // namespace herosweep::kernels::cpu::avx512
