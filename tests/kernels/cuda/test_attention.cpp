// The CUDA operator on the checks of tests/kernels/attention_checks.h; random cases are in fuzz/.
#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/catch.h"
#include "tests/kernels/attention_checks.h"
#include "tests/kernels/cuda/device_backend.h"

namespace herosweep::kernels {
namespace {

constexpr ElementType kTypes[] = {ElementType::f32, ElementType::s8};
constexpr Format kAttentionFormats[] = {Format::f32, Format::feature_wise, Format::folded,
                                        Format::f32_and_feature_wise};

void check_on_device(AttentionCase c) {
  to_half(c.qkv_f32);
  check_attention(c, device_backend(), kHalf);
}

void check_both_modes(AttentionCase c) {
  check_on_device(c);
  c.softmax = SoftmaxMode::static_range;
  if (c.type == ElementType::s8) check_on_device(c);
}

}  // namespace

TEST_CASE("CUDA attention agrees with the reference for every head size", "[cuda]") {
  for (const ElementType type : kTypes) {
    for (const int head_size : {1, 2, 3, 7, 8, 16, 31, 32, 40, 48, 64, 80, 96, 127, 128, 200, 256})
      check_both_modes(AttentionCase(2, head_size, {37, 141}, type));
  }
}

TEST_CASE("CUDA attention agrees with the reference for every length around its tiles", "[cuda]") {
  for (const ElementType type : kTypes) {
    for (const int length : {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 256}) {
      check_both_modes(AttentionCase(1, 32, {length}, type));
      check_both_modes(AttentionCase(1, 64, {length}, type));
    }
    for (const int length : {95, 96, 97, 191, 192, 193, 384, 385})
      check_both_modes(AttentionCase(1, 64, {length}, type));
    for (const int head_size : {80, 128, 256}) {
      for (const int length : {16, 127, 129, 193})
        check_both_modes(AttentionCase(1, head_size, {length}, type));
    }
  }
}

TEST_CASE("CUDA attention agrees with the reference on long sequences", "[cuda]") {
  for (const ElementType type : kTypes) {
    for (const int length : {384, 512, 1000})
      check_both_modes(AttentionCase(1, 64, {length}, type));
    check_both_modes(AttentionCase(1, 128, {384}, type));
    check_on_device(AttentionCase(1, 33, {2100}, type));
  }
}

TEST_CASE("CUDA attention keeps ragged sequences apart, empty ones included", "[cuda]") {
  for (const ElementType type : kTypes) {
    check_both_modes(AttentionCase(3, 32, {0, 10, 1, 0, 80, 33, 2, 0}, type));
    check_both_modes(AttentionCase(12, 8, {5, 64, 300}, type));
    AttentionCase padded(2, 64, {128, 128, 200, 128, 300}, type);
    padded.lengths = {128, 3, 129, 0, 17};
    check_both_modes(padded);
  }
}

TEST_CASE("CUDA attention agrees with the reference on more work than a device holds at once",
          "[cuda]") {
  // Of queries, a block has 128 or 192; a device some hundred multiprocessors.
  std::vector<int> lengths;
  for (int i = 0; i < 75; ++i) lengths.push_back(1 + i * 37 % 250);
  check_on_device(AttentionCase(3, 32, lengths, ElementType::f32));
  check_on_device(AttentionCase(3, 64, lengths, ElementType::f32));
  for (int& length : lengths) length = 1 + length / 2;
  check_on_device(AttentionCase(8, 64, lengths, ElementType::f32));
}

TEST_CASE("CUDA INT8 attention agrees with the reference where a block has several items",
          "[cuda]") {
  std::vector<int> lengths, keys;
  for (int i = 0; i < 90; ++i) {
    lengths.push_back(i % 11 == 3 ? 0 : 1 + i * 37 % 128);
    keys.push_back(i % 7 == 2 ? 0 : lengths.back() - lengths.back() % 5);
  }
  for (const int head_size : {32, 64}) {
    AttentionCase c(8, head_size, lengths, ElementType::s8);
    check_both_modes(c);
    c.lengths = keys;
    check_both_modes(c);
  }
}

TEST_CASE("CUDA attention ignores the keys beyond a sequence's length", "[cuda]") {
  for (const ElementType type : kTypes) {
    for (const int head_size : {32, 33})
      check_keys_beyond_length_are_ignored(device_backend(), type, head_size);
  }
}

TEST_CASE("CUDA attention without keys is zero, as is attention of zeros", "[cuda]") {
  for (const ElementType type : kTypes) {
    check_rows_without_keys_are_zero(device_backend(), type);
    check_zeros_stay_zero(device_backend(), type);
  }
  for (const SoftmaxMode mode : {SoftmaxMode::rowmax, SoftmaxMode::static_range})
    check_one_key_returns_its_value(device_backend(), mode);
}

TEST_CASE("CUDA attention agrees with the reference on extreme outliers and ranges", "[cuda]") {
  check_both_modes(case_with_int8_outliers());
  check_on_device(case_with_f32_outlier());
  for (const ElementType type : kTypes) {
    AttentionCase c(2, 64, {50}, type);
    c.range = kDeepSpeedRange;
    std::fill(c.inverse_scale.begin(), c.inverse_scale.end(), 1e6f);  // everything saturates
    check_on_device(c);
    const RowOutputs out = c.run(device_backend(), Format::feature_wise);
    CHECK(*std::min_element(out.s8.begin(), out.s8.end()) == -128);
  }
}

TEST_CASE("CUDA attention's probabilities agree with the reference's in 99.9 %", "[cuda]") {
  for (const SoftmaxMode mode : {SoftmaxMode::rowmax, SoftmaxMode::static_range}) {
    for (const int head_size : {32, 40, 64}) {
      for (const int length : {1, 17, 128, 300}) {
        AttentionCase c(2, head_size, {length}, ElementType::s8);
        c.softmax = mode;
        check_probabilities(c, device_backend(), kHalf);
      }
    }
  }
  for (const int head_size : {5, 33, 64, 256})
    check_probabilities(case_with_cancelling_extremes(head_size), device_backend(), kHalf);
  for (const int head_size : {128, 129, 256}) {
    for (const int q : {127, -128})
      check_probabilities(case_with_largest_scores(head_size, q), device_backend(), kHalf);
  }
}

TEST_CASE("CUDA attention flags NaN, infinity and what FP16 cannot hold", "[cuda]") {
  for (const Format format : kAttentionFormats)
    check_nonfinite_values_are_flagged(device_backend(), format);
  AttentionCase c(1, 20, {30}, ElementType::s8);
  c.scale_v = 1e5f;  // times values of 1 to 127: finite in FP32
  CHECK(c.run(device_backend(), Format::f32).nonfinite);
  CHECK_FALSE(c.run(device_backend(), Format::folded).nonfinite);
}

TEST_CASE("CUDA attention gives the same bits in every run", "[cuda]") {
  for (const ElementType type : kTypes) {
    const AttentionCase c(4, 64, {384, 31, 128}, type);
    CHECK(c.run(device_backend(), Format::f32).f32 == c.run(device_backend(), Format::f32).f32);
  }
}

}  // namespace herosweep::kernels
