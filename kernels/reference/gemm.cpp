#include "kernels/gemm.h"

#include <cmath>
#include <cstring>

#include "kernels/reference/activation.h"
#include "kernels/reference/operators.h"
#include "kernels/reference/row_writer.h"

namespace herosweep::kernels::reference {
namespace {

size_t row_bytes(ElementType type, int k) {
  switch (type) {
    case ElementType::f32:
      return sizeof(float) * static_cast<size_t>(k);
    case ElementType::s8:
      return static_cast<size_t>(k);
    case ElementType::f16:  // CUDA only
      break;
    case ElementType::s4:
      return (static_cast<size_t>(k) + 1) / 2;
  }
  return 0;
}

int integer_at(ElementType type, const void* row, int i) {
  const auto* bytes = static_cast<const int8_t*>(row);
  if (type == ElementType::s8) return bytes[i];
  const int byte = static_cast<unsigned char>(bytes[i / 2]);
  const int nibble = (i % 2 == 0 ? byte : byte >> 4) & 0xf;
  return nibble >= 8 ? nibble - 16 : nibble;
}

float dot_integers(const int8_t* x, ElementType w_type, const void* w, int k) {
  int32_t sum = 0;
  for (int i = 0; i < k; ++i) sum += x[i] * integer_at(w_type, w, i);
  return static_cast<float>(sum);
}

// Summed in FP64 and rounded once: the FP32 backends are judged by their distance from this.
float dot_floats(const float* x, ElementType w_type, const void* w, int k) {
  double sum = 0;
  for (int i = 0; i < k; ++i) {
    const double weight = w_type == ElementType::f32 ? double{static_cast<const float*>(w)[i]}
                                                     : double(integer_at(w_type, w, i));
    sum += double{x[i]} * weight;
  }
  return static_cast<float>(sum);
}

float accumulate(const GemmArgs& args, int row, int column) {
  const size_t k = static_cast<size_t>(args.w.k);
  const void* w = static_cast<const char*>(args.w.data) + column * row_bytes(args.w.type, args.w.k);
  if (args.x_type == ElementType::s8) {
    return dot_integers(static_cast<const int8_t*>(args.x) + row * k, args.w.type, w, args.w.k);
  }
  return dot_floats(static_cast<const float*>(args.x) + row * k, args.w.type, w, args.w.k);
}

void write(const GemmArgs& args, int row, int column, float value) {
  const size_t index = static_cast<size_t>(row) * args.w.n + column;
  const Output& out = args.out;
  const float y = activate(args.activation, value);
  if (out.f32 != nullptr) out.f32[index] = y;
  if (out.s8 == nullptr) return;
  const float scaled = out.inverse_scale != nullptr ? y * out.inverse_scale[column] : y;
  if (args.nonfinite != nullptr && !std::isfinite(scaled)) *args.nonfinite = true;
  out.s8[index] = quantize_scaled(scaled, out.range);
}

}  // namespace

size_t packed_bytes(ElementType type, int n, int k) {
  return (static_cast<size_t>(n) * row_bytes(type, k) + 63) / 64 * 64;
}

void pack(ElementType type, const void* w, int n, int k, void* packed) {
  const size_t bytes = static_cast<size_t>(n) * row_bytes(type, k);
  std::memcpy(packed, w, bytes);
  std::memset(static_cast<char*>(packed) + bytes, 0, packed_bytes(type, n, k) - bytes);
}

void gemm(const GemmArgs& args) {
  for (int row = 0; row < args.m; ++row) {
    const float token_scale = args.token_scale != nullptr ? args.token_scale[row] : 1.0f;
    for (int column = 0; column < args.w.n; ++column) {
      const float row_scale = args.row_scale != nullptr ? args.row_scale[column] : 1.0f;
      const float bias = args.bias != nullptr ? args.bias[column] : 0.0f;
      write(args, row, column, accumulate(args, row, column) * token_scale * row_scale + bias);
    }
  }
}

}  // namespace herosweep::kernels::reference
