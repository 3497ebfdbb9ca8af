#include <algorithm>
#include <cfloat>
#include <limits>

#include "tests/catch.h"
#include "tests/kernels/quantize_case.h"

namespace herosweep::kernels {
namespace {

std::vector<const Backend*> all_backends() {
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  return backends;
}

}  // namespace

TEST_CASE("quantize agrees with the reference for every activation, format and shape") {
  for (const Backend* backend : cpu_instruction_sets()) {
    for (const Activation activation :
         {Activation::none, Activation::gelu_erf, Activation::gelu_tanh}) {
      for (const int cols : {1, 15, 384, 1537}) {
        QuantizeCase(19, cols, activation).check_agrees(*backend, Storage::f32);
      }
    }
  }
}

TEST_CASE("quantize rounds half to even and clamps at the range's ends") {
  QuantizeCase c(1, 9, Activation::none);
  c.x = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, 1000.0f, -1000.0f};
  for (const Backend* backend : all_backends()) {
    CAPTURE(backend->isa);
    CHECK(c.run(*backend, Format::folded).s8 ==
          std::vector<int8_t>{0, 2, 2, 0, -2, -2, 126, 127, -127});
    CHECK(c.run(*backend, Format::folded, kDeepSpeedRange).s8 ==
          std::vector<int8_t>{0, 2, 2, 0, -2, -2, 126, 127, -128});
  }
}

TEST_CASE("quantize measures a row's scale as amax / divisor") {
  QuantizeCase c(2, 3, Activation::none);
  c.x = {-2.54f, 1.0f, 0.02f, 12.7f, -6.0f, 0.0f};
  for (const Backend* backend : all_backends()) {
    CAPTURE(backend->isa);
    const RowOutputs symmetric = c.run(*backend, Format::token_wise);
    CHECK(symmetric.token_scale[0] == Approx(0.02f));
    CHECK(symmetric.token_scale[1] == Approx(0.1f));
    CHECK(symmetric.s8 == std::vector<int8_t>{-127, 50, 1, 127, -60, 0});
    const RowOutputs deepspeed = c.run(*backend, Format::token_wise, kDeepSpeedRange);
    CHECK(deepspeed.token_scale[0] == Approx(2.54f / 128.0f));
    CHECK(deepspeed.s8[0] == -128);
    CHECK(deepspeed.s8[3] == 127);
  }
}

TEST_CASE("quantize gives scale 1 to zeros and to rows whose scale would be subnormal") {
  QuantizeCase c(3, 20, Activation::none);
  std::fill(c.x.begin(), c.x.end(), 0.0f);
  c.x[20] = FLT_MIN * 100.0f;
  c.x[40] = FLT_MIN * 200.0f;
  for (const Backend* backend : all_backends()) {
    CAPTURE(backend->isa);
    const RowOutputs actual = c.run(*backend, Format::token_wise);
    CHECK(actual.token_scale[0] == 1.0f);
    CHECK(actual.token_scale[1] == 1.0f);
    CHECK(actual.token_scale[2] == Approx(FLT_MIN * 200.0f / 127.0f));
    CHECK(actual.s8[20] == 0);
    CHECK(actual.s8[40] == 127);
    CHECK_FALSE(actual.nonfinite);
  }
}

TEST_CASE("quantize agrees with the reference when one channel is an extreme outlier") {
  QuantizeCase c(6, 384, Activation::gelu_erf);
  for (size_t row = 0; row < static_cast<size_t>(c.rows); ++row) c.x[row * 384 + row] = 1e4f;
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa);
    check_same_bytes(c.run(*backend, Format::token_wise),
                     c.run(reference_backend(), Format::token_wise));
  }
}

TEST_CASE("quantize flags NaN and infinity, in front of a GELU too") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Backend* backend : all_backends()) {
    for (const Activation activation :
         {Activation::none, Activation::gelu_erf, Activation::gelu_tanh}) {
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
        for (const Format format : kRowFormats) {
          QuantizeCase c(50, 400, activation);
          c.x[19999] = bad;
          CAPTURE(backend->isa, static_cast<int>(activation), bad, format_name(format));
          CHECK(c.run(*backend, format).nonfinite);
        }
      }
    }
  }
}

TEST_CASE("quantize flags a finite value that its inverse scale makes infinite") {
  QuantizeCase c(1, 4, Activation::none);
  c.x = {1.0f, 1e30f, 0.0f, 0.0f};
  c.inverse_scale = {1.0f, 1e30f, 1.0f, 1.0f};
  for (const Backend* backend : all_backends()) {
    CAPTURE(backend->isa);
    CHECK(c.run(*backend, Format::feature_wise).nonfinite);
  }
}

}  // namespace herosweep::kernels
