// IEEE binary16 to and from float, by integer arithmetic: no rounding or flush-to-zero mode can
// change it.
#pragma once

#include <bit>
#include <cstdint>

namespace herosweep::util {

/// Magnitudes from here on round to infinity.
inline constexpr float kHalfOverflow = 65520.0f;

// Exponent and mantissa move into place and the bias is corrected by addition. Subnormals get an
// exponent by adding one and subtracting 2^-14 as a float.
inline float half_to_float(uint16_t half) {
  constexpr uint32_t kBias = (127 - 15) << 23;
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t rest = static_cast<uint32_t>(half & 0x7fff) << 13;
  const uint32_t exponent = half & 0x7c00;
  uint32_t bits = rest + kBias;
  if (exponent == 0) {
    const float subnormal =
        std::bit_cast<float>(bits + (1u << 23)) - std::bit_cast<float>(kBias + (1u << 23));
    bits = std::bit_cast<uint32_t>(subnormal);
  } else if (exponent == 0x7c00) {
    bits = rest | 0x7f800000;
  }
  return std::bit_cast<float>(sign | bits);
}

/// Rounds to nearest, ties to even. NaN stays NaN.
inline uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= std::bit_cast<uint32_t>(kHalfOverflow))
    return static_cast<uint16_t>(sign | 0x7c00);
  constexpr uint32_t kSmallestNormal = (127 - 14) << 23;
  uint32_t half;
  if (magnitude < kSmallestNormal) {
    // Adding 0.5 puts the last bit of a subnormal half, 2^-24, at the last bit of the sum.
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) -
           std::bit_cast<uint32_t>(0.5f);
  } else {
    const uint32_t odd = (magnitude >> 13) & 1;
    half = (magnitude - ((127 - 15) << 23) + 0xfff + odd) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

}  // namespace herosweep::util
