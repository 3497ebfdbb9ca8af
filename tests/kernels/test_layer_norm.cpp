#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/kernels/layer_norm_case.h"

namespace herosweep::kernels {

TEST_CASE("layer norm agrees with the reference for every operand type, format and shape") {
  for (const Backend* backend : cpu_instruction_sets()) {
    for (const int cols : {1, 3, 17, 64, 384, 1000}) {
      for (const int rows : {1, 7}) {
        for (const Inputs inputs : kInputs) {
          LayerNormCase(rows, cols, inputs).check_agrees(*backend, Storage::f32);
        }
      }
    }
  }
}

TEST_CASE("layer norm agrees with the reference on many rows and threads") {
  const LayerNormCase c(150, 384, Inputs::s8_s8);
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa);
    for (const Format format : {Format::token_wise, Format::feature_wise}) {
      check_same_bytes(c.run(*backend, format), c.run(reference_backend(), format));
    }
  }
}

TEST_CASE("layer norm of a constant row is beta") {
  LayerNormCase c(3, 384, Inputs::f32_alone);
  for (const float constant : {0.0f, 0.1f, -3.7f, 100.3f}) {
    std::fill(c.residual_f32.begin(), c.residual_f32.end(), constant);
    for (const Backend* backend : cpu_instruction_sets()) {
      CAPTURE(backend->isa, constant);
      const RowOutputs actual = c.run(*backend, Format::f32_and_token_wise);
      for (size_t i = 0; i < actual.f32.size(); ++i) {
        CHECK(std::fabs(actual.f32[i] - c.beta[i % 384]) <= 1e-3f);
      }
    }
  }
}

TEST_CASE("layer norm of zeros with beta zero gives zeros and scale 1") {
  LayerNormCase c(2, 40, Inputs::f32_alone);
  std::fill(c.residual_f32.begin(), c.residual_f32.end(), 0.0f);
  std::fill(c.beta.begin(), c.beta.end(), 0.0f);
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const Backend* backend : backends) {
    CAPTURE(backend->isa);
    const RowOutputs actual = c.run(*backend, Format::token_wise);
    CHECK(std::all_of(actual.s8.begin(), actual.s8.end(), [](int8_t q) { return q == 0; }));
    CHECK(actual.token_scale == std::vector<float>{1.0f, 1.0f});
    CHECK_FALSE(actual.nonfinite);
  }
}

TEST_CASE("layer norm agrees with the reference when one channel is an extreme outlier") {
  LayerNormCase c(5, 384, Inputs::f32_f32);
  for (size_t row = 0; row < static_cast<size_t>(c.rows); ++row) c.x_f32[row * 384 + 17] = 1e4f;
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa);
    for (const Format format : {Format::token_wise, Format::feature_wise}) {
      check_same_bytes(c.run(*backend, format), c.run(reference_backend(), format));
    }
  }
}

TEST_CASE("layer norm takes both INT8 ranges") {
  const LayerNormCase c(9, 384, Inputs::s8_s8);
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa);
    const RowOutputs expected = c.run(reference_backend(), Format::token_wise, kDeepSpeedRange);
    const RowOutputs actual = c.run(*backend, Format::token_wise, kDeepSpeedRange);
    check_same_bytes(actual, expected);
    const RowOutputs symmetric = c.run(*backend, Format::token_wise);
    CHECK(*std::min_element(symmetric.s8.begin(), symmetric.s8.end()) >= -127);
    CHECK(actual.token_scale[0] == Approx(symmetric.token_scale[0] * 127.0f / 128.0f));
  }
}

TEST_CASE("layer norm flags a row with NaN or infinity and leaves the flag alone otherwise") {
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  const float infinity = std::numeric_limits<float>::infinity();
  for (const Backend* backend : backends) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), infinity, -infinity}) {
      for (const Format format : kRowFormats) {
        LayerNormCase c(60, 300, Inputs::f32_f32);
        c.x_f32[12345] = bad;
        CAPTURE(backend->isa, bad, format_name(format));
        CHECK(c.run(*backend, format).nonfinite);
      }
    }
  }
}

}  // namespace herosweep::kernels
