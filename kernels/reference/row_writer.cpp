#include "kernels/reference/row_writer.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>

namespace herosweep::kernels::reference {

float symmetric_scale(float amax, const Int8Range& range) {
  const float scale = amax / range.divisor;
  return scale < FLT_MIN ? 1.0f : scale;
}

int8_t quantize_scaled(float scaled, const Int8Range& range) {
  if (std::isnan(scaled)) return 0;
  const float low = static_cast<float>(range.low);
  const float high = static_cast<float>(range.high);
  return static_cast<int8_t>(std::clamp(std::nearbyint(scaled), low, high));
}

bool write_row(const float* y, int row, int cols, const Output& out) {
  const size_t begin = static_cast<size_t>(row) * static_cast<size_t>(cols);
  float token_scale = 1.0f;
  if (out.token_scale != nullptr) {
    float amax = 0.0f;
    for (int j = 0; j < cols; ++j) amax = std::max(amax, std::fabs(y[j]));
    token_scale = symmetric_scale(amax, out.range);
    out.token_scale[row] = token_scale;
  }
  bool finite = true;
  for (int j = 0; j < cols; ++j) {
    float scaled = y[j];
    if (out.token_scale != nullptr) scaled = y[j] / token_scale;
    if (out.inverse_scale != nullptr) scaled = y[j] * out.inverse_scale[j];
    finite = finite && std::isfinite(y[j]);
    if (out.f32 != nullptr) out.f32[begin + static_cast<size_t>(j)] = y[j];
    if (out.s8 == nullptr) continue;
    finite = finite && std::isfinite(scaled);
    out.s8[begin + static_cast<size_t>(j)] = quantize_scaled(scaled, out.range);
  }
  return finite;
}

float dequantize(const Operand& operand, int row, int col, int cols) {
  const size_t at = static_cast<size_t>(row) * static_cast<size_t>(cols) + static_cast<size_t>(col);
  if (operand.type == ElementType::f32) return static_cast<const float*>(operand.data)[at];
  float value = static_cast<float>(static_cast<const int8_t*>(operand.data)[at]);
  if (operand.token_scale != nullptr) value *= operand.token_scale[row];
  if (operand.feature_scale != nullptr) value *= operand.feature_scale[col];
  return value;
}

}  // namespace herosweep::kernels::reference
