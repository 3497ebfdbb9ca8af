#include <algorithm>
#include <limits>

#include "tests/catch.h"
#include "tests/kernels/cuda/device_backend.h"
#include "tests/kernels/cuda/rows/row_shapes.h"
#include "tests/kernels/quantize_case.h"

namespace herosweep::kernels {
namespace {

constexpr Activation kActivations[] = {Activation::none, Activation::gelu_erf,
                                       Activation::gelu_tanh};

/// The case with an x that FP16 holds.
QuantizeCase half_case(RowShape shape, Activation activation, unsigned seed = 5) {
  QuantizeCase c(shape.rows, shape.cols, activation, seed);
  to_half(c.x);
  return c;
}

}  // namespace

TEST_CASE("cuda quantize agrees with the reference for every activation and format") {
  for (const Activation activation : kActivations) {
    for (const RowShape shape : few_rows())
      half_case(shape, activation).check_agrees(device_backend(), Storage::f16);
    for (const RowShape shape : {RowShape{600, 768}, RowShape{1500, 384}, RowShape{1500, 768}})
      half_case(shape, activation).check_agrees(device_backend(), Storage::f16);
  }
}

TEST_CASE("cuda quantize agrees with the reference on 50 random shapes") {
  std::mt19937 random(77);
  for (unsigned i = 0; i < 50; ++i) {
    const Activation activation = kActivations[random() % 3];
    CAPTURE(i);
    half_case(random_shape(random), activation, i).check_agrees(device_backend(), Storage::f16);
  }
}

TEST_CASE("cuda quantize rounds half to even and clamps at the range's ends") {
  QuantizeCase c(1, 9, Activation::none);
  for (const size_t cols : {9u, 12u}) {
    c.cols = static_cast<int>(cols);
    c.x = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, 1000.0f, -1000.0f};
    std::vector<int8_t> expected{0, 2, 2, 0, -2, -2, 126, 127, -127};
    c.x.resize(cols);
    expected.resize(cols);
    CAPTURE(cols);
    CHECK(c.run(device_backend(), Format::folded).s8 == expected);
    expected[8] = -128;
    CHECK(c.run(device_backend(), Format::folded, kDeepSpeedRange).s8 == expected);
    check_same_bytes(c.run(device_backend(), Format::token_wise, kDeepSpeedRange),
                     c.run(reference_backend(), Format::token_wise, kDeepSpeedRange));
  }
}

TEST_CASE("cuda quantize gives scale 1 to zeros") {
  QuantizeCase c(3, 20, Activation::none);
  std::fill(c.x.begin(), c.x.end(), 0.0f);
  c.x[40] = half_of(0x1p-24f);
  const RowOutputs actual = c.run(device_backend(), Format::token_wise);
  CHECK(actual.token_scale[0] == 1.0f);
  CHECK(actual.token_scale[2] == Approx(0x1p-24f / 127.0f));
  CHECK(actual.s8[20] == 0);
  CHECK(actual.s8[40] == 127);
  CHECK_FALSE(actual.nonfinite);
}

TEST_CASE("cuda quantize flags NaN and infinity, in front of a GELU too") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Activation activation : kActivations) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
      for (const Format format : kRowFormats) {
        for (const int cols : {400, 401}) {
          QuantizeCase c = half_case({50, cols}, activation);
          c.x[19999] = bad;
          CAPTURE(static_cast<int>(activation), bad, format_name(format), cols);
          CHECK(c.run(device_backend(), format).nonfinite);
        }
      }
    }
  }
}

TEST_CASE("cuda quantize flags a finite value that its inverse scale makes infinite") {
  QuantizeCase c(1, 4, Activation::none);
  c.x = {1.0f, 1e4f, 0.0f, 0.0f};
  c.inverse_scale = {1.0f, 1e36f, 1.0f, 1.0f};
  CHECK(c.run(device_backend(), Format::feature_wise).nonfinite);
  c.inverse_scale[1] = 1.0f;
  CHECK_FALSE(c.run(device_backend(), Format::feature_wise).nonfinite);
}

}  // namespace herosweep::kernels
