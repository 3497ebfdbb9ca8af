#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/catch.h"
#include "tests/kernels/row_outputs.h"

namespace herosweep::kernels {
namespace {

constexpr double kEps = 0x1p-24;

enum class Inputs { f32_f32, s8_f32, s8_s8, f32_s8, f32_alone, s8_alone };
constexpr Inputs kInputs[] = {Inputs::f32_f32, Inputs::s8_f32,    Inputs::s8_s8,
                              Inputs::f32_s8,  Inputs::f32_alone, Inputs::s8_alone};

struct LayerNormCase {
  LayerNormCase(int row_count, int col_count, Inputs input_types)
      : rows(row_count), cols(col_count), inputs(input_types) {
    std::mt19937 random(7);
    const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(cols);
    residual_f32 = normal_values(random, count, 1.0f);
    x_f32 = normal_values(random, count, 0.7f);
    residual_s8 = int8_values(random, count, -127, 127);
    x_s8 = int8_values(random, count, -128, 127);
    token_scale = uniform_values(random, static_cast<size_t>(rows), 0.005f, 0.02f);
    feature_scale = uniform_values(random, static_cast<size_t>(cols), 0.002f, 0.03f);
    gamma = uniform_values(random, static_cast<size_t>(cols), 0.3f, 1.4f);
    beta = normal_values(random, static_cast<size_t>(cols), 0.3f);
    inverse_scale = uniform_values(random, static_cast<size_t>(cols), 20.0f, 60.0f);
  }

  LayerNormArgs args() const {
    LayerNormArgs a;
    a.rows = rows;
    a.cols = cols;
    a.gamma = gamma.data();
    a.beta = beta.data();
    const bool residual_is_f32 =
        inputs == Inputs::f32_f32 || inputs == Inputs::f32_s8 || inputs == Inputs::f32_alone;
    if (residual_is_f32) {
      a.residual = {ElementType::f32, residual_f32.data(), nullptr, nullptr};
    } else {
      a.residual = {ElementType::s8, residual_s8.data(), token_scale.data(), nullptr};
    }
    if (inputs == Inputs::f32_alone || inputs == Inputs::s8_alone) return a;
    if (inputs == Inputs::f32_f32 || inputs == Inputs::s8_f32) {
      a.x = {ElementType::f32, x_f32.data(), nullptr, nullptr};
    } else {
      a.x = {ElementType::s8, x_s8.data(), nullptr, feature_scale.data()};
    }
    return a;
  }

  RowOutputs run(const Backend& backend, Format format, Int8Range range = {}) const {
    RowOutputs outputs;
    LayerNormArgs a = args();
    a.out = outputs.bind(format, rows, cols, inverse_scale);
    a.out.range = range;
    a.nonfinite = &outputs.nonfinite;
    backend.layer_norm(a);
    outputs.check_guards();
    return outputs;
  }

  /// Rounding errors of a row: of z, blown up by 1 / deviation; of the variance's sum; of beta.
  /// Relative to one |y| where the row's own statistics are well conditioned.
  double tolerance(size_t i, const RowOutputs& reference) const {
    const size_t col = i % static_cast<size_t>(cols);
    const double normal = std::fabs(double{reference.f32[i]} - double{beta[col]});
    return kEps * ((cols / 16.0 + 32.0) * normal + 64.0 * double{gamma[col]} +
                   4.0 * std::fabs(double{beta[col]}));
  }

  int rows;
  int cols;
  Inputs inputs;
  std::vector<float> residual_f32, x_f32, token_scale, feature_scale, gamma, beta, inverse_scale;
  std::vector<int8_t> residual_s8, x_s8;
};

}  // namespace

TEST_CASE("layer norm agrees with the reference for every operand type, format and shape") {
  for (const Backend* backend : cpu_instruction_sets()) {
    for (const int cols : {1, 3, 17, 64, 384, 1000}) {
      for (const int rows : {1, 7}) {
        for (const Inputs inputs : kInputs) {
          const LayerNormCase c(rows, cols, inputs);
          const RowOutputs exact = c.run(reference_backend(), Format::f32);
          for (const Format format : kRowFormats) {
            CAPTURE(backend->isa, rows, cols, static_cast<int>(inputs), format_name(format));
            const RowOutputs expected = c.run(reference_backend(), format);
            const RowOutputs actual = c.run(*backend, format);
            check_same_bytes(actual, expected);
            check_close(actual.f32, expected.f32, [&](size_t i) { return c.tolerance(i, exact); });
            CHECK_FALSE(actual.nonfinite);
          }
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
  for (int row = 0; row < c.rows; ++row) c.x_f32[static_cast<size_t>(row * 384 + 17)] = 1e4f;
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
