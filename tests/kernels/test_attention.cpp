// The whole operator against its twin; the UINT8 probabilities alone: test_attention_softmax.cpp.
#include <cmath>

#include "kernels/backend.h"
#include "tests/catch.h"
#include "tests/kernels/attention_checks.h"

namespace herosweep::kernels {
namespace {

void check_against_reference(const AttentionCase& c) {
  for (const Backend* backend : cpu_instruction_sets()) check_attention(c, *backend, kSingle);
}

std::vector<const Backend*> with_reference() {
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  return backends;
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
      for (const Backend* backend : with_reference())
        check_keys_beyond_length_are_ignored(*backend, type, head_size);
    }
  }
}

TEST_CASE("attention without a valid key gives zeros") {
  for (const Backend* backend : with_reference()) {
    for (const ElementType type : {ElementType::f32, ElementType::s8})
      check_rows_without_keys_are_zero(*backend, type);
  }
}

TEST_CASE("attention over one key returns its value exactly") {
  for (const Backend* backend : with_reference()) {
    for (const SoftmaxMode mode : {SoftmaxMode::rowmax, SoftmaxMode::static_range})
      check_one_key_returns_its_value(*backend, mode);
  }
}

TEST_CASE("attention of all zeros is zero, with equal weights") {
  for (const Backend* backend : cpu_instruction_sets()) {
    for (const ElementType type : {ElementType::f32, ElementType::s8})
      check_zeros_stay_zero(*backend, type);
  }
}

TEST_CASE("attention agrees with the reference when one channel is an extreme outlier") {
  check_against_reference(case_with_int8_outliers());
  // Only V's columns are large: the scores' part of the tolerance is that of ordinary values.
  const AttentionCase f32 = case_with_f32_outlier();
  const RowOutputs expected = f32.run(reference_backend(), Format::f32);
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa);
    check_close(f32.run(*backend, Format::f32).f32, expected.f32,
                [&](size_t i) { return 1e-5 * (1.0 + std::fabs(double{expected.f32[i]})); });
  }
}

TEST_CASE("attention flags NaN and infinity") {
  for (const Backend* backend : with_reference()) {
    for (const Format format : {Format::f32, Format::feature_wise, Format::folded})
      check_nonfinite_values_are_flagged(*backend, format);
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
