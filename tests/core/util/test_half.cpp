#include <cmath>
#include <limits>

#include "core/util/half.h"
#include "tests/catch.h"

using herosweep::util::float_to_half;
using herosweep::util::half_to_float;

TEST_CASE("Every half survives the way to float and back") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value))
      REQUIRE(std::isnan(half_to_float(float_to_half(value))));
    else
      REQUIRE(float_to_half(value) == half);
  }
}

TEST_CASE("Floats between two halves go to the nearer, ties to the even one") {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto below = static_cast<uint16_t>(bits), above = static_cast<uint16_t>(bits + 1);
    const float low = half_to_float(below), high = half_to_float(above);
    const float middle = low + (high - low) / 2;  // exact: one more bit of mantissa
    REQUIRE(float_to_half(middle) == (bits % 2 == 0 ? below : above));
    REQUIRE(float_to_half(std::nextafter(middle, low)) == below);
    REQUIRE(float_to_half(std::nextafter(middle, high)) == above);
    REQUIRE(float_to_half(-std::nextafter(middle, high)) == (above | 0x8000));
  }
}

TEST_CASE("Large floats become infinite") {
  CHECK(float_to_half(65519.996f) == 0x7bff);
  CHECK(float_to_half(herosweep::util::kHalfOverflow) == 0x7c00);
  CHECK(float_to_half(-std::numeric_limits<float>::infinity()) == 0xfc00);
}
