#include "tests/kernels/attention_checks.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "tests/catch.h"

namespace herosweep::kernels {
namespace {

constexpr double kEps = 0x1p-24;

double largest_value(const AttentionCase& c) {
  float largest = 0.0f;
  for (const float value : c.qkv_f32) largest = std::max(largest, std::fabs(value));
  return double{largest};
}

/// FP32 arithmetic. A score of head_size products is off by head_size / 16 + 4 roundings of about
/// |q| |k| scale, its exponential by as much, the weighted mean of V by twice that; the sums over
/// keys add their own. Rounded probabilities move the mean by as much as they moved, or, below the
/// smallest normal FP16 number, by 2^-25 each.
double float_tolerance(const AttentionCase& c, const AttentionArithmetic& arithmetic) {
  const double largest = largest_value(c);
  const double score = c.head_size * largest * largest * double{c.score_scale} / 4.0;
  const double denormal = arithmetic.probability_rounding > 0.0 ? 0x1p-25 * c.longest() : 0.0;
  return kEps * largest * (2.0 * score * (c.head_size / 16.0 + 4.0) + c.longest() / 16.0 + 32.0) +
         largest * (arithmetic.probability_rounding + denormal);
}

double flips_in_row(const AttentionCase& c) {
  return std::max(1.0, std::ceil(0.001 * c.longest()));
}

/// FP outputs. Of INT8 probabilities some flip, see below.
void check_float_outputs(const AttentionCase& c, const RowOutputs& actual,
                         const RowOutputs& expected, const AttentionArithmetic& arithmetic) {
  const double tolerance = c.type == ElementType::f32
                               ? float_tolerance(c, arithmetic)
                               : flips_in_row(c) * 127.0 / 255.0 * double{c.scale_v} + 1e-5;
  check_close(actual.f32, expected.f32, [&](size_t i) {
    return tolerance + arithmetic.output_rounding * std::fabs(double{expected.f32[i]});
  });
}

/// Probabilities may differ by 1 in 0.1 % of the keys; one of them moves an output by at most
/// 127 / 255 * scale_v, and rounding at the end by 1. The steps must stay rare. Floating-point
/// attention moves by its tolerance instead.
void check_int8_outputs(const AttentionCase& c, const RowOutputs& actual,
                        const RowOutputs& expected, bool feature_wise,
                        const AttentionArithmetic& arithmetic) {
  const double moved = c.type == ElementType::f32
                           ? float_tolerance(c, arithmetic)
                           : flips_in_row(c) * 127.0 / 255.0 * double{c.scale_v};
  size_t different = 0;
  REQUIRE(actual.s8.size() == expected.s8.size());
  for (size_t i = 0; i < actual.s8.size(); ++i) {
    const double inverse =
        feature_wise ? double{c.inverse_scale[i % static_cast<size_t>(c.cols())]} : 1.0;
    const double bound = 1.0 + std::ceil(moved * inverse);
    const int distance = std::abs(actual.s8[i] - expected.s8[i]);
    if (distance > bound) {
      CAPTURE(i, int{actual.s8[i]}, int{expected.s8[i]});
      CHECK(distance <= bound);
    }
    different += distance != 0 ? 1 : 0;
  }
  // Rounding probabilities to FP16 moves a typical output by some hundredths of a step.
  const bool rounded = c.type == ElementType::f32 && arithmetic.probability_rounding > 0.0;
  CHECK(different <= std::max<size_t>(2, actual.s8.size() / (rounded ? 20 : 100)));
}

bool all_zero(const std::vector<float>& values, size_t count) {
  return std::all_of(values.begin(), values.begin() + static_cast<long>(count),
                     [](float value) { return value == 0.0f; });
}

}  // namespace

void check_attention(const AttentionCase& c, const Backend& backend,
                     const AttentionArithmetic& arithmetic) {
  CAPTURE(backend.isa, c.name());
  for (const Format format :
       {Format::f32, Format::feature_wise, Format::folded, Format::f32_and_feature_wise}) {
    const RowOutputs expected = c.run(reference_backend(), format);
    const RowOutputs actual = c.run(backend, format);
    CHECK(actual.nonfinite == expected.nonfinite);
    check_float_outputs(c, actual, expected, arithmetic);
    check_int8_outputs(c, actual, expected, format != Format::folded, arithmetic);
  }
}

void check_keys_beyond_length_are_ignored(const Backend& backend, ElementType type, int head_size) {
  AttentionCase c(2, head_size, {20, 7, 40}, type);
  c.lengths = {13, 7, 1};
  CAPTURE(backend.isa, c.name());
  const RowOutputs before = c.run(backend, Format::f32);
  for (int row = 13; row < 20; ++row) {
    for (int part = 1; part < 3; ++part) {
      const size_t index = c.qkv_index(row, part, 1, 5);
      c.qkv_f32[index] = 1e6f;
      if (type == ElementType::s8) c.qkv_s8[index] = 127;
    }
  }
  CHECK(c.run(backend, Format::f32).f32 == before.f32);
}

void check_rows_without_keys_are_zero(const Backend& backend, ElementType type) {
  AttentionCase c(2, 24, {5, 6}, type);
  c.lengths = {0, 6};
  CAPTURE(backend.isa, c.name());
  const RowOutputs f32 = c.run(backend, Format::f32);
  CHECK(all_zero(f32.f32, 5 * 48));
  CHECK_FALSE(f32.nonfinite);
  const RowOutputs s8 = c.run(backend, Format::feature_wise);
  CHECK(
      std::all_of(s8.s8.begin(), s8.s8.begin() + 5 * 48, [](int8_t value) { return value == 0; }));
  CHECK_FALSE(s8.nonfinite);
}

void check_one_key_returns_its_value(const Backend& backend, SoftmaxMode mode) {
  AttentionCase c(2, 40, {1, 1, 1}, ElementType::s8);
  c.softmax = mode;
  c.scale_v = 1.0f;
  CAPTURE(backend.isa, c.name());
  const RowOutputs actual = c.run(backend, Format::folded);
  for (int row = 0; row < 3; ++row) {
    for (int i = 0; i < 80; ++i) {
      CHECK(actual.s8[static_cast<size_t>(row * 80 + i)] ==
            c.qkv_s8[c.qkv_index(row, 2, i / 40, i % 40)]);
    }
  }
}

void check_zeros_stay_zero(const Backend& backend, ElementType type) {
  AttentionCase c(2, 32, {21}, type);
  std::fill(c.qkv_f32.begin(), c.qkv_f32.end(), 0.0f);
  std::fill(c.qkv_s8.begin(), c.qkv_s8.end(), int8_t{0});
  CAPTURE(backend.isa, c.name());
  const RowOutputs actual = c.run(backend, Format::f32);
  CHECK(all_zero(actual.f32, actual.f32.size()));
  CHECK_FALSE(actual.nonfinite);
}

void check_nonfinite_values_are_flagged(const Backend& backend, Format format) {
  for (int part = 0; part < 3; ++part) {
    AttentionCase c(3, 20, {30, 9}, ElementType::f32);
    CAPTURE(backend.isa, format_name(format), part);
    CHECK_FALSE(c.run(backend, format).nonfinite);
    c.qkv_f32[c.qkv_index(33, part, 1, 19)] = std::numeric_limits<float>::quiet_NaN();
    CHECK(c.run(backend, format).nonfinite);
    c.qkv_f32[c.qkv_index(33, part, 1, 19)] = std::numeric_limits<float>::infinity();
    CHECK(c.run(backend, format).nonfinite);
  }
  AttentionCase c(1, 20, {30}, ElementType::s8);
  CAPTURE(backend.isa, format_name(format));
  c.scale_v = std::numeric_limits<float>::infinity();
  CHECK(c.run(backend, format).nonfinite);
}

AttentionCase case_with_int8_outliers() {
  AttentionCase c(2, 32, {40}, ElementType::s8);
  for (int row = 0; row < 40; ++row) {
    c.qkv_s8[c.qkv_index(row, 1, 1, 3)] = row % 2 == 0 ? 127 : -128;
    c.qkv_s8[c.qkv_index(row, 0, 1, 3)] = -128;
  }
  c.scale_k = 1.0f;
  return c;
}

AttentionCase case_with_f32_outlier() {
  AttentionCase c(2, 32, {40}, ElementType::f32);
  for (int row = 0; row < 40; ++row) c.qkv_f32[c.qkv_index(row, 2, 1, 3)] = 1e4f;
  return c;
}

}  // namespace herosweep::kernels
