// Expected values come from numpy float32, for w[k] = ((37 k) mod 101 - 50) / 16, k < 24, as [6,
// 4]:
//   s = float32(abs(w).max() / float32(divisor)); q = clip(rint(w / s), low, high)
#include <cmath>
#include <limits>

#include "core/quant/quantizer.h"
#include "core/quant/weights.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::quant;
using kernels::ElementType;

namespace {

using Values = std::vector<int8_t>;
using Scales = std::vector<float>;

std::vector<float> table(int count) {
  std::vector<float> w(count);
  for (int k = 0; k < count; ++k) w[k] = static_cast<float>(k * 37 % 101 - 50) / 16.0f;
  return w;
}

/// s4 values of a row-major [rows, cols] matrix, unpacked.
Values unpack(const QuantizedWeights& q, int rows, int cols) {
  const int row_bytes = (cols + 1) / 2;
  Values values;
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < cols; ++c) {
      const int byte = static_cast<uint8_t>(q.values[static_cast<size_t>(r) * row_bytes + c / 2]);
      const int nibble = c % 2 == 0 ? byte & 15 : byte >> 4;
      values.push_back(static_cast<int8_t>(nibble < 8 ? nibble : nibble - 16));
    }
  }
  return values;
}

}  // namespace

TEST_CASE("rows are quantized each with its own scale", "[weights]") {
  const auto w = table(24);
  const QuantizedWeights q = quantize_weights(w.data(), 6, 4, {});
  REQUIRE(q.values == Values{-127, -33, 61,   -102, -11, 127, -112, 26,  119, -54, 46,   -127,
                             -34,  93,  -127, 0,    100, -73, 27,   127, -49, 58,  -127, -20});
  REQUIRE(q.row_scale == Scales{0.02460629865527153f, 0.01673228293657303f, 0.023129921406507492f,
                                0.018208662047982216f, 0.023129921406507492f,
                                0.021653544157743454f});
}

TEST_CASE("the DeepSpeed range divides by 128 and reaches -128", "[weights]") {
  const auto w = table(24);
  const QuantizedWeights q = quantize_weights(w.data(), 6, 4, {.range = RangeKind::deepspeed});
  REQUIRE(q.values == Values{-128, -33, 61,   -102, -11, 127, -113, 26,  120, -54, 46,   -128,
                             -35,  93,  -128, 0,    101, -74, 27,   127, -49, 58,  -128, -20});
  REQUIRE(q.row_scale[0] == 0.0244140625f);
}

TEST_CASE("a group is a run of consecutive rows", "[weights]") {
  const auto w = table(24);
  const WeightQuantization three{.granularity = WeightGranularity::group, .groups = 3};
  const QuantizedWeights q = quantize_weights(w.data(), 6, 4, three);
  REQUIRE(q.values == Values{-127, -33, 61,   -102, -8,  86,  -76, 18,  119, -54, 46,   -127,
                             -27,  73,  -100, 0,    100, -73, 27,  127, -46, 54,  -119, -19});
  const float first = 0.02460629865527153f, second = 0.023129921406507492f;
  REQUIRE(q.row_scale == Scales{first, first, second, second, second, second});
}

TEST_CASE("groups of -1 are rows, and one group is the tensor", "[weights]") {
  const auto w = table(24);
  const auto with = [&](WeightGranularity granularity, int groups) {
    return quantize_weights(w.data(), 6, 4, {.granularity = granularity, .groups = groups});
  };
  const QuantizedWeights rows = with(WeightGranularity::row, 0);
  REQUIRE(with(WeightGranularity::group, -1).values == rows.values);
  REQUIRE(with(WeightGranularity::group, -1).row_scale == rows.row_scale);
  const QuantizedWeights tensor = with(WeightGranularity::tensor, 0);
  REQUIRE(with(WeightGranularity::group, 1).values == tensor.values);
  REQUIRE(tensor.row_scale == Scales(6, 0.02460629865527153f));
}

TEST_CASE("the default is hidden / 16 groups for every matrix of a layer", "[weights]") {
  // hidden 32, feed-forward 128: two groups each.
  const auto scales_of = [](int out, int in, int parts) {
    const auto w = table(out * in);
    return quantize_weights(w.data(), out, in,
                            {.granularity = WeightGranularity::group, .groups = 0, .parts = parts})
        .values;
  };
  const auto with_groups = [](int out, int in, int parts, int groups) {
    const auto w = table(out * in);
    return quantize_weights(
               w.data(), out, in,
               {.granularity = WeightGranularity::group, .groups = groups, .parts = parts})
        .values;
  };
  REQUIRE(scales_of(96, 32, 3) == with_groups(96, 32, 3, 2));
  REQUIRE(scales_of(32, 32, 1) == with_groups(32, 32, 1, 2));
  REQUIRE(scales_of(128, 32, 1) == with_groups(128, 32, 1, 2));
  REQUIRE(scales_of(32, 128, 1) == with_groups(32, 128, 1, 2));
}

TEST_CASE("stacked parts are quantized as if they were apart", "[weights]") {
  const int hidden = 8, in = 5;
  auto w = table(3 * hidden * in);
  for (int i = 0; i < hidden * in; ++i) w[i] *= 100.0f;  // Q dwarfs K and V
  for (WeightGranularity granularity : {WeightGranularity::group, WeightGranularity::tensor}) {
    for (ElementType type : {ElementType::s8, ElementType::s4}) {
      WeightQuantization how{.type = type, .granularity = granularity, .groups = 4, .parts = 3};
      const QuantizedWeights together = quantize_weights(w.data(), 3 * hidden, in, how);
      how.parts = 1;
      QuantizedWeights joined;
      for (int part = 0; part < 3; ++part) {
        const QuantizedWeights apart =
            quantize_weights(w.data() + part * hidden * in, hidden, in, how);
        joined.values.insert(joined.values.end(), apart.values.begin(), apart.values.end());
        joined.row_scale.insert(joined.row_scale.end(), apart.row_scale.begin(),
                                apart.row_scale.end());
      }
      REQUIRE(together.values == joined.values);
      REQUIRE(together.row_scale == joined.row_scale);
    }
  }
}

TEST_CASE("INT4 packs two values a byte, low nibble first", "[weights]") {
  const auto w = table(24);
  const QuantizedWeights q = quantize_weights(w.data(), 6, 4, {.type = ElementType::s4});
  REQUIRE(q.values.size() == 12);
  REQUIRE(static_cast<uint8_t>(q.values[0]) == 0xe9);  // -7 is 9, -2 is e
  REQUIRE(unpack(q, 6, 4) == Values{-7, -2, 3,  -6, -1, 7,  -6, 1, 7,  -3, 3,  -7,
                                    -2, 5,  -7, 0,  6,  -4, 1,  7, -3, 3,  -7, -1});
  REQUIRE(q.row_scale[0] == 0.4464285671710968f);
  const QuantizedWeights deepspeed =
      quantize_weights(w.data(), 6, 4, {.type = ElementType::s4, .range = RangeKind::deepspeed});
  REQUIRE(unpack(deepspeed, 6, 4) == Values{-8, -2, 4,  -6, -1, 7,  -7, 2, 7,  -3, 3,  -8,
                                            -2, 6,  -8, 0,  6,  -5, 2,  7, -3, 4,  -8, -1});
}

TEST_CASE("an odd INT4 row ends in a zero nibble", "[weights]") {
  const float w[] = {7, -7, 3, 1, 2.1f, -4};
  const QuantizedWeights q = quantize_weights(w, 2, 3, {.type = ElementType::s4});
  REQUIRE(q.values.size() == 4);
  REQUIRE(unpack(q, 2, 3) == Values{7, -7, 3, 2, 4, -7});  // 1.75, 3.675
  REQUIRE((static_cast<uint8_t>(q.values[1]) >> 4) == 0);
  REQUIRE((static_cast<uint8_t>(q.values[3]) >> 4) == 0);
}

TEST_CASE("input scales are folded in before quantization", "[weights]") {
  const auto w = table(24);
  const float input_scale[] = {1, 2, 0.5f, 4};
  const QuantizedWeights q = quantize_weights(w.data(), 6, 4, {.input_scale = input_scale});
  REQUIRE(q.values == Values{-40, -21, 10,  -127, -6, 127, -28, 52,  30,  -27, 6,   -127,
                             -24, 127, -44, 0,    25, -36, 3,   127, -54, 127, -70, -89});
  REQUIRE(q.row_scale[0] == 0.07874015718698502f);
}

TEST_CASE("a fold by output scales leaves the integers of rows unchanged", "[weights]") {
  auto w = table(24);
  const QuantizedWeights plain = quantize_weights(w.data(), 6, 4, {});
  for (int o = 0; o < 6; ++o) {
    for (int i = 0; i < 4; ++i) w[o * 4 + i] /= std::ldexp(1.0f, o - 3);
  }
  const QuantizedWeights folded = quantize_weights(w.data(), 6, 4, {});
  REQUIRE(folded.values == plain.values);
  for (int o = 0; o < 6; ++o) {
    REQUIRE(folded.row_scale[o] == plain.row_scale[o] / std::ldexp(1.0f, o - 3));
  }
}

TEST_CASE("zero and denormal rows get the scale 1", "[weights]") {
  const float w[] = {0, -0.0f, 1e-39f, 0, 1e-37f, 0, FLT_MIN * 127, 0};
  const QuantizedWeights q = quantize_weights(w, 4, 2, {});
  REQUIRE(q.row_scale == Scales{1, 1, 1, FLT_MIN});
  REQUIRE(q.values == Values{0, 0, 0, 0, 0, 0, 127, 0});
}

TEST_CASE("integers within the range are exact", "[weights]") {
  std::vector<float> w(255);
  for (int i = 0; i < 255; ++i) w[i] = static_cast<float>(i - 127);
  const QuantizedWeights q = quantize_weights(w.data(), 1, 255, {});
  REQUIRE(q.row_scale[0] == 1.0f);
  for (int i = 0; i < 255; ++i) REQUIRE(q.values[i] == i - 127);
}

TEST_CASE("quantize rounds half to even like rint", "[weights]") {
  const kernels::Int8Range range;
  for (int half = -255; half <= 255; ++half) {
    const float x = static_cast<float>(half) / 2;
    const int expected = static_cast<int>(std::fmin(127.0f, std::fmax(-127.0f, std::nearbyint(x))));
    REQUIRE(quantize(x, 1.0f, range) == expected);
    REQUIRE(quantize(std::nextafter(x, 1e9f), 1.0f, range) ==
            std::fmin(127.0f, std::nearbyint(std::nextafter(x, 1e9f))));
  }
}

TEST_CASE("a non-finite weight is named", "[weights]") {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), INFINITY, -INFINITY}) {
    auto w = table(24);
    w[14] = bad;
    for (WeightGranularity granularity :
         {WeightGranularity::row, WeightGranularity::group, WeightGranularity::tensor}) {
      REQUIRE_THROWS_WITH(
          quantize_weights(w.data(), 6, 4, {.granularity = granularity, .groups = 2}),
          ContainsSubstring("weight [3, 2] is"));
    }
  }
  // Finite factors whose product is not.
  const float w[] = {1e30f, 1};
  const float input_scale[] = {1e30f, 1};
  REQUIRE_THROWS_AS(quantize_weights(w, 1, 2, {.input_scale = input_scale}), ModelError);
}

TEST_CASE("groups and parts that do not divide are refused", "[weights]") {
  const auto w = table(24);
  const auto with = [&](int groups, int parts) {
    return quantize_weights(
        w.data(), 6, 4,
        {.granularity = WeightGranularity::group, .groups = groups, .parts = parts});
  };
  REQUIRE_THROWS_WITH(with(4, 1), ContainsSubstring("4 weight groups do not divide 6 rows"));
  REQUIRE_THROWS_AS(with(0, 1), PlanError);  // 4 / 16 = 0 groups
  REQUIRE_THROWS_AS(with(-2, 1), PlanError);
  REQUIRE_THROWS_AS(with(1, 4), PlanError);
  REQUIRE_THROWS_AS(quantize_weights(w.data(), 6, 4, {.granularity = WeightGranularity::none}),
                    PlanError);
}
