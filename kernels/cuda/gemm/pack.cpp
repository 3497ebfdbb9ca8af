#include <cuda_fp16.h>

#include <cstring>

#include "kernels/cuda/gemm/packed_rows.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda {

namespace {

constexpr size_t kRowAlignment = 16;  // of TMA's strides and of 16-byte loads
constexpr size_t kTotalAlignment = 64;

size_t round_up(size_t value, size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

size_t row_bytes(ElementType type, int k) {
  const auto elements = static_cast<size_t>(k);
  switch (type) {
    case ElementType::f32:
      return elements * sizeof(float);
    case ElementType::f16:
      return elements * sizeof(__half);
    case ElementType::s8:
      return elements;
    case ElementType::s4:
      return (elements + 1) / 2;
  }
  return 0;
}

}  // namespace

size_t packed_row_bytes(ElementType type, int k) {
  return round_up(row_bytes(type, k), kRowAlignment);
}

size_t packed_bytes(ElementType type, int n, int k) {
  return round_up(static_cast<size_t>(packed_rows(n)) * packed_row_bytes(type, k), kTotalAlignment);
}

void pack(ElementType type, const void* w, int n, int k, void* packed) {
  std::memset(packed, 0, packed_bytes(type, n, k));
  const size_t stride = packed_row_bytes(type, k);
#pragma omp parallel for
  for (int row = 0; row < n; ++row) {
    char* to = static_cast<char*>(packed) + static_cast<size_t>(packed_row(row)) * stride;
    if (type == ElementType::f16) {
      const float* from = static_cast<const float*>(w) + static_cast<size_t>(row) * k;
      for (int i = 0; i < k; ++i) reinterpret_cast<__half*>(to)[i] = __float2half_rn(from[i]);
    } else {
      const size_t bytes = row_bytes(type, k);
      std::memcpy(to, static_cast<const char*>(w) + static_cast<size_t>(row) * bytes, bytes);
    }
  }
}

}  // namespace herosweep::kernels::cuda
