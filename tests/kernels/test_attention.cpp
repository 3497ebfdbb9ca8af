// The whole operator against its twin; the UINT8 probabilities alone: test_attention_softmax.cpp.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "kernels/backend.h"
#include "tests/catch.h"
#include "tests/kernels/attention_case.h"

namespace herosweep::kernels {
namespace {

constexpr double kEps = 0x1p-24;

double largest_value(const AttentionCase& c) {
  float largest = 0.0f;
  for (const float value : c.qkv_f32) largest = std::max(largest, std::fabs(value));
  return double{largest};
}

/// FP32 in and out. A score of head_size products is off by head_size / 16 + 4 roundings of about
/// |q| |k| scale, its exponential by as much, the weighted mean of V by twice that; the sums over
/// keys add their own.
double f32_tolerance(const AttentionCase& c) {
  const double largest = largest_value(c);
  const double score = c.head_size * largest * largest * double{c.score_scale} / 4.0;
  return kEps * largest * (2.0 * score * (c.head_size / 16.0 + 4.0) + c.longest() / 16.0 + 32.0);
}

/// Probabilities may differ by 1 in 0.1 % of the keys; one of them moves an output by at most
/// 127 / 255 * scale_v, and rounding at the end by 1. The steps must stay rare.
void check_int8_outputs(const AttentionCase& c, const RowOutputs& actual,
                        const RowOutputs& expected, bool feature_wise) {
  const double flips = std::max(1.0, std::ceil(0.001 * c.longest()));
  size_t different = 0;
  REQUIRE(actual.s8.size() == expected.s8.size());
  for (size_t i = 0; i < actual.s8.size(); ++i) {
    const double inverse =
        feature_wise ? double{c.inverse_scale[i % static_cast<size_t>(c.cols())]} : 1.0;
    const double bound = 1.0 + std::ceil(flips * 127.0 / 255.0 * double{c.scale_v} * inverse);
    const int distance = std::abs(actual.s8[i] - expected.s8[i]);
    if (distance > bound) {
      CAPTURE(i, int{actual.s8[i]}, int{expected.s8[i]});
      CHECK(distance <= bound);
    }
    different += distance != 0 ? 1 : 0;
  }
  CHECK(different <= std::max<size_t>(2, actual.s8.size() / 100));
}

void check_against_reference(const AttentionCase& c) {
  const RowOutputs f32 = c.run(reference_backend(), Format::f32);
  const RowOutputs feature_wise = c.run(reference_backend(), Format::feature_wise);
  const RowOutputs folded = c.run(reference_backend(), Format::folded);
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa, c.name());
    const RowOutputs actual = c.run(*backend, Format::f32);
    CHECK_FALSE(actual.nonfinite);
    if (c.type == ElementType::f32) {
      const double tolerance = f32_tolerance(c);
      check_close(actual.f32, f32.f32, [&](size_t) { return tolerance; });
    } else {
      const double flips = std::max(1.0, std::ceil(0.001 * c.longest()));
      const double tolerance = flips * 127.0 / 255.0 * double{c.scale_v} + 1e-5;
      check_close(actual.f32, f32.f32, [&](size_t) { return tolerance; });
    }
    check_int8_outputs(c, c.run(*backend, Format::feature_wise), feature_wise, true);
    check_int8_outputs(c, c.run(*backend, Format::folded), folded, false);
  }
}

}  // namespace

TEST_CASE("attention agrees with the reference for every head size") {
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    for (const int head_size : {1, 3, 7, 16, 31, 32, 40, 64, 80, 96, 127, 128, 200, 256}) {
      check_against_reference(AttentionCase(2, head_size, {37}, type));
    }
  }
}

TEST_CASE("attention agrees with the reference for every sequence length around its tiles") {
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    for (const int length : {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 15, 16, 17, 25, 63, 64, 65, 130}) {
      check_against_reference(AttentionCase(1, 32, {length}, type));
    }
  }
}

TEST_CASE("attention agrees with the reference on a long sequence and static probabilities") {
  AttentionCase c(1, 64, {700}, ElementType::s8);
  check_against_reference(c);
  c.softmax = SoftmaxMode::static_range;
  check_against_reference(c);
  check_against_reference(AttentionCase(1, 64, {520}, ElementType::f32));
}

TEST_CASE("attention keeps ragged sequences apart, empty ones included") {
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    check_against_reference(AttentionCase(3, 32, {0, 10, 1, 0, 80, 33, 2, 0}, type));
    check_against_reference(AttentionCase(12, 8, {5, 64}, type));
  }
}

TEST_CASE("attention ignores the keys beyond a sequence's length") {
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    for (const int head_size : {32, 33}) {
      AttentionCase c(2, head_size, {20, 7, 40}, type);
      c.lengths = {13, 7, 1};
      check_against_reference(c);
      std::vector<const Backend*> backends = cpu_instruction_sets();
      backends.push_back(&reference_backend());
      for (const Backend* backend : backends) {
        CAPTURE(backend->isa, c.name());
        const RowOutputs before = c.run(*backend, Format::f32);
        AttentionCase changed = c;
        for (int row = 13; row < 20; ++row) {
          for (int part = 1; part < 3; ++part) {
            const size_t index = changed.qkv_index(row, part, 1, 5);
            changed.qkv_f32[index] = 1e6f;
            if (type == ElementType::s8) changed.qkv_s8[index] = 127;
          }
        }
        CHECK(changed.run(*backend, Format::f32).f32 == before.f32);
      }
    }
  }
}

TEST_CASE("attention without a valid key gives zeros") {
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    AttentionCase c(2, 24, {5, 6}, type);
    c.lengths = {0, 6};
    for (const Backend* backend : backends) {
      CAPTURE(backend->isa);
      const RowOutputs f32 = c.run(*backend, Format::f32);
      CHECK(std::all_of(f32.f32.begin(), f32.f32.begin() + 5 * 48,
                        [](float value) { return value == 0.0f; }));
      CHECK_FALSE(f32.nonfinite);
      const RowOutputs s8 = c.run(*backend, Format::feature_wise);
      CHECK(std::all_of(s8.s8.begin(), s8.s8.begin() + 5 * 48,
                        [](int8_t value) { return value == 0; }));
    }
  }
}

TEST_CASE("attention over one key returns its value exactly") {
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const SoftmaxMode mode : {SoftmaxMode::rowmax, SoftmaxMode::static_range}) {
    AttentionCase c(2, 40, {1, 1, 1}, ElementType::s8);
    c.softmax = mode;
    c.scale_v = 1.0f;
    for (const Backend* backend : backends) {
      CAPTURE(backend->isa, c.name());
      const RowOutputs actual = c.run(*backend, Format::folded);
      for (int row = 0; row < 3; ++row) {
        for (int i = 0; i < 80; ++i) {
          CHECK(actual.s8[static_cast<size_t>(row * 80 + i)] ==
                c.qkv_s8[c.qkv_index(row, 2, i / 40, i % 40)]);
        }
      }
    }
  }
}

TEST_CASE("attention of all zeros is zero, with equal weights") {
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    AttentionCase c(2, 32, {21}, type);
    std::fill(c.qkv_f32.begin(), c.qkv_f32.end(), 0.0f);
    std::fill(c.qkv_s8.begin(), c.qkv_s8.end(), int8_t{0});
    for (const Backend* backend : cpu_instruction_sets()) {
      CAPTURE(backend->isa);
      const RowOutputs actual = c.run(*backend, Format::f32);
      CHECK(std::all_of(actual.f32.begin(), actual.f32.end(), [](float v) { return v == 0.0f; }));
    }
  }
}

TEST_CASE("attention agrees with the reference when one channel is an extreme outlier") {
  AttentionCase f32(2, 32, {40}, ElementType::f32);
  AttentionCase s8(2, 32, {40}, ElementType::s8);
  for (int row = 0; row < 40; ++row) {
    // In V, and in K so that one key takes everything.
    f32.qkv_f32[f32.qkv_index(row, 2, 1, 3)] = 1e4f;
    s8.qkv_s8[s8.qkv_index(row, 1, 1, 3)] = row % 2 == 0 ? 127 : -128;
    s8.qkv_s8[s8.qkv_index(row, 0, 1, 3)] = -128;
  }
  s8.scale_k = 1.0f;
  check_against_reference(s8);
  // Only V's columns are large: the scores' part of the tolerance is that of ordinary values.
  const RowOutputs expected = f32.run(reference_backend(), Format::f32);
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa);
    check_close(f32.run(*backend, Format::f32).f32, expected.f32,
                [&](size_t i) { return 1e-5 * (1.0 + std::fabs(double{expected.f32[i]})); });
  }
}

TEST_CASE("attention flags NaN and infinity") {
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const Backend* backend : backends) {
    for (const Format format : {Format::f32, Format::feature_wise, Format::folded}) {
      for (int part = 0; part < 3; ++part) {
        AttentionCase c(3, 20, {30, 9}, ElementType::f32);
        CAPTURE(backend->isa, format_name(format), part);
        CHECK_FALSE(c.run(*backend, format).nonfinite);
        c.qkv_f32[c.qkv_index(33, part, 1, 19)] = std::numeric_limits<float>::quiet_NaN();
        CHECK(c.run(*backend, format).nonfinite);
        c.qkv_f32[c.qkv_index(33, part, 1, 19)] = std::numeric_limits<float>::infinity();
        CHECK(c.run(*backend, format).nonfinite);
      }
      AttentionCase c(1, 20, {30}, ElementType::s8);
      c.scale_v = std::numeric_limits<float>::infinity();
      CHECK(c.run(*backend, format).nonfinite);
    }
  }
}

TEST_CASE("attention gives the same bits whatever the number of threads") {
  for (const ElementType type : {ElementType::f32, ElementType::s8}) {
    const AttentionCase c(2, 32, {200, 31}, type);
    for (const Backend* backend : cpu_instruction_sets()) {
      set_cpu_threads(1);
      const RowOutputs one = c.run(*backend, Format::f32);
      set_cpu_threads(5);
      const RowOutputs five = c.run(*backend, Format::f32);
      set_cpu_threads(2);
      CAPTURE(backend->isa);
      CHECK(one.f32 == five.f32);
    }
  }
}

}  // namespace herosweep::kernels
