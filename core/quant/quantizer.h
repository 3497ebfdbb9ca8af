// The scalar rules of symmetric quantization, shared by weights and calibration:
//   scale = amax / divisor (1 when that is zero or subnormal), q = clamp(rint(x / scale), low,
//   high)
// with rint rounding half to even and all arithmetic in FP32. Source: docs/numerics.md, section 1.
#pragma once

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cstddef>
#include <cstdint>

#include "core/quant/plan.h"
#include "kernels/types.h"

namespace herosweep::quant {

/// The integers of `type` (s8 or s4) under `kind`.
inline kernels::Int8Range quantized_range(kernels::ElementType type, RangeKind kind) {
  const bool deepspeed = kind == RangeKind::deepspeed;
  if (type == kernels::ElementType::s4) {
    return deepspeed ? kernels::Int8Range{8.0f, -8, 7} : kernels::Int8Range{7.0f, -7, 7};
  }
  return deepspeed ? kernels::kDeepSpeedRange : kernels::Int8Range{};
}

/// amax / divisor, or 1 when that is zero or below FLT_MIN.
inline float scale_of(float amax, kernels::Int8Range range) {
  const float scale = amax / range.divisor;
  return scale < FLT_MIN ? 1.0f : scale;
}

/// Bits of |x|. As integers they order finite values by size, infinity above them and NaN above
/// that, so that one integer maximum finds both the amax and whether every value was finite (a
/// floating-point maximum forgets NaN).
inline int32_t magnitude_bits(float x) { return std::bit_cast<int32_t>(x) & 0x7fffffff; }
inline constexpr int32_t kInfinityBits = 0x7f800000;

inline int32_t max_magnitude_bits(const float* x, size_t count, int32_t at_least = 0) {
  int32_t largest = at_least;
  for (size_t i = 0; i < count; ++i) largest = std::max(largest, magnitude_bits(x[i]));
  return largest;
}

/// clamp(rint(x / scale), low, high) for finite x / scale.
inline int8_t quantize(float x, float scale, kernels::Int8Range range) {
  // Adding 1.5 * 2^23 leaves no fraction bits, so that the addition itself rounds half to even;
  // unlike rint, it needs no instruction beyond SSE2 to be vectorised.
  constexpr float kNoFraction = 12582912.0f;
  const float clamped =
      std::clamp(x / scale, static_cast<float>(range.low), static_cast<float>(range.high));
  return static_cast<int8_t>((clamped + kNoFraction) - kNoFraction);
}

}  // namespace herosweep::quant
