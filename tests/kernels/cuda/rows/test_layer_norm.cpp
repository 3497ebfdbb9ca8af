#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "kernels/cuda/cuda.h"
#include "tests/catch.h"
#include "tests/kernels/cuda/device_backend.h"
#include "tests/kernels/cuda/rows/row_shapes.h"
#include "tests/kernels/layer_norm_case.h"

namespace herosweep::kernels {
namespace {

/// The case with floating-point operands that FP16 holds.
LayerNormCase half_case(RowShape shape, Inputs inputs, unsigned seed = 7) {
  LayerNormCase c(shape.rows, shape.cols, inputs, seed);
  to_half(c.residual_f32);
  to_half(c.x_f32);
  return c;
}

}  // namespace

TEST_CASE("cuda layer norm agrees with the reference for few rows, every operand and format") {
  for (const RowShape shape : few_rows()) {
    for (const Inputs inputs : kInputs)
      half_case(shape, inputs).check_agrees(device_backend(), Storage::f16);
  }
}

TEST_CASE("cuda layer norm agrees with the reference for many rows") {
  for (const RowShape shape : many_rows()) {
    for (const Inputs inputs : {Inputs::s8_s8, Inputs::f32_f32})
      half_case(shape, inputs)
          .check_agrees(device_backend(), Storage::f16,
                        {Format::token_wise, Format::feature_wise, Format::f32_and_token_wise});
  }
}

TEST_CASE("cuda layer norm takes a scale for each row and column of either operand") {
  for (const Inputs inputs : {Inputs::s8_s8, Inputs::f32_s8, Inputs::s8_alone}) {
    for (const RowShape shape : {RowShape{5, 384}, RowShape{5, 385}, RowShape{1500, 768}}) {
      LayerNormCase c = half_case(shape, inputs);
      c.every_scale = true;
      for (float& scale : c.feature_scale) scale *= 50.0f;
      c.check_agrees(device_backend(), Storage::f16);
    }
  }
}

TEST_CASE("cuda layer norm agrees with the reference on 200 random shapes") {
  std::mt19937 random(2024);
  for (unsigned i = 0; i < 200; ++i) {
    LayerNormCase c = half_case(random_shape(random), kInputs[random() % 6], i);
    c.every_scale = random() % 4 == 0;
    c.epsilon = random() % 2 == 0 ? 1e-12f : 1e-5f;
    CAPTURE(i);
    c.check_agrees(device_backend(), Storage::f16, {kRowFormats[random() % 5]});
  }
}

TEST_CASE("cuda layer norm of a constant row is beta") {
  for (const RowShape shape : {RowShape{3, 384}, RowShape{3, 385}, RowShape{1500, 768}}) {
    LayerNormCase c = half_case(shape, Inputs::f32_alone);
    for (const float constant : {0.0f, 0.1f, -3.7f, 100.3f}) {
      std::fill(c.residual_f32.begin(), c.residual_f32.end(), half_of(constant));
      const RowOutputs actual = c.run(device_backend(), Format::f32);
      check_close(actual.f32, c.run(reference_backend(), Format::f32).f32,
                  [](size_t) { return 2e-3; });
    }
  }
}

TEST_CASE(
    "cuda layer norm agrees with the reference where the mean is large beside the deviation") {
  for (const RowShape shape : {RowShape{3, 384}, RowShape{3, 385}, RowShape{1500, 768}}) {
    LayerNormCase c = half_case(shape, Inputs::f32_alone);
    const std::vector<float> deviations = c.residual_f32;
    for (const float mean : {1.9f, -2.1f, 7.0f, 50.0f}) {
      for (size_t i = 0; i < deviations.size(); ++i)
        c.residual_f32[i] = half_of(deviations[i] + mean);
      CAPTURE(mean);
      c.check_agrees(device_backend(), Storage::f16);
    }
  }
}

TEST_CASE("cuda layer norm of zeros with beta zero gives zeros and scale 1") {
  LayerNormCase c = half_case({200, 768}, Inputs::f32_alone);
  std::fill(c.residual_f32.begin(), c.residual_f32.end(), 0.0f);
  std::fill(c.beta.begin(), c.beta.end(), 0.0f);
  const RowOutputs actual = c.run(device_backend(), Format::token_wise);
  CHECK(std::all_of(actual.s8.begin(), actual.s8.end(), [](int8_t q) { return q == 0; }));
  CHECK(actual.token_scale == std::vector<float>(200, 1.0f));
  CHECK_FALSE(actual.nonfinite);
}

TEST_CASE("cuda layer norm agrees with the reference when one channel is an extreme outlier") {
  for (const int rows : {5, 1500}) {
    LayerNormCase c = half_case({rows, 384}, Inputs::f32_f32);
    for (size_t row = 0; row < static_cast<size_t>(rows); ++row)
      c.x_f32[row * 384 + 17] = half_of(1e4f);
    c.check_agrees(device_backend(), Storage::f16);
  }
}

TEST_CASE("cuda layer norm takes both INT8 ranges") {
  const LayerNormCase c = half_case({300, 384}, Inputs::s8_s8);
  for (const Format format : kRowFormats) {
    const RowOutputs actual = c.run(device_backend(), format, kDeepSpeedRange);
    check_same_bytes(actual, c.run(reference_backend(), format, kDeepSpeedRange));
  }
}

TEST_CASE("cuda layer norm flags a row with NaN or infinity") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
    for (const Format format : kRowFormats) {
      for (const RowShape shape : {RowShape{60, 300}, RowShape{60, 301}, RowShape{2000, 384}}) {
        LayerNormCase c = half_case(shape, Inputs::f32_f32);
        c.x_f32[12345] = bad;
        CAPTURE(bad, format_name(format), shape.rows, shape.cols);
        CHECK(c.run(device_backend(), format).nonfinite);
      }
    }
  }
}

TEST_CASE("cuda layer norm flags what overflows FP16, and only where FP16 is written") {
  LayerNormCase c = half_case({9, 384}, Inputs::s8_s8);
  c.beta[77] = 70000.0f;
  CHECK(c.run(device_backend(), Format::f32).nonfinite);
  CHECK(c.run(device_backend(), Format::f32_and_token_wise).nonfinite);
  CHECK_FALSE(c.run(device_backend(), Format::token_wise).nonfinite);
}

TEST_CASE("cuda layer norm refuses FP32 operands and rows that do not fit registers") {
  float value = 0.0f;
  LayerNormArgs args;
  args.rows = 1;
  args.cols = 8;
  args.residual = {ElementType::f32, &value, nullptr, nullptr};
  CHECK_THROWS_AS(cuda_backend().layer_norm(args), std::invalid_argument);
  args.residual.type = ElementType::f16;
  args.out.f32 = &value;
  CHECK_THROWS_AS(cuda_backend().layer_norm(args), std::invalid_argument);
  args.out.f32 = nullptr;
  args.cols = 16385;
  CHECK_THROWS_AS(cuda_backend().layer_norm(args), std::invalid_argument);
}

}  // namespace herosweep::kernels
