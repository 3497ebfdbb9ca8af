// What follows the product: scales, bias, GELU, INT8 stores, ranges and the nonfinite flag.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>

#include "tests/catch.h"
#include "tests/kernels/gemm_case.h"

namespace herosweep::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct OperandTypes {
  ElementType x;
  ElementType w;
};
constexpr OperandTypes kOperandTypes[] = {{ElementType::s8, ElementType::s8},
                                          {ElementType::s8, ElementType::s4},
                                          {ElementType::f32, ElementType::f32},
                                          {ElementType::f32, ElementType::s8},
                                          {ElementType::f32, ElementType::s4}};

float amplitude(ElementType type) {
  return type == ElementType::f32 ? 1.0f : type == ElementType::s8 ? 74.0f : 4.6f;
}

// Scales that bring results to a standard deviation of about 1, and INT8 steps of 1/40.
void add_scales(GemmCase& gemm) {
  auto uniform = [generator = std::mt19937(2)](float low, float high) mutable {
    return std::uniform_real_distribution<float>(low, high)(generator);
  };
  const float spread =
      amplitude(gemm.x_type) * amplitude(gemm.w_type) * std::sqrt(static_cast<float>(gemm.shape.k));
  for (int i = 0; i < gemm.shape.m; ++i) gemm.token_scale.push_back(uniform(0.5f, 1.5f));
  for (int j = 0; j < gemm.shape.n; ++j) {
    gemm.row_scale.push_back(uniform(0.5f, 1.5f) / spread);
    gemm.bias.push_back(uniform(-1.0f, 1.0f));
    gemm.inverse_scale.push_back(uniform(30.0f, 50.0f));
  }
}

void check_bytes(const std::vector<int8_t>& actual, const std::vector<int8_t>& expected) {
  REQUIRE(actual.size() == expected.size());
  size_t different = 0;
  int largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const int difference = std::abs(actual[i] - expected[i]);
    different += difference != 0 ? 1 : 0;
    largest = std::max(largest, difference);
  }
  CHECK(largest <= 1);
  CHECK(different <= std::max<size_t>(2, actual.size() / 1000));
}

void check_floats(const std::vector<float>& actual, const std::vector<float>& expected, int k) {
  REQUIRE(actual.size() == expected.size());
  float largest = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    largest = std::max(largest, std::abs(actual[i] - expected[i]));
  }
  // The accumulator's error (results are of order 1), the epilogue's roundings, and GELU's 1e-6.
  CHECK(largest <= 1e-6f + 4e-7f * (4 + std::sqrt(static_cast<float>(k))));
}

TEST_CASE("every operand type, activation and output agrees with the reference",
          "[gemm][epilogue]") {
  const auto types = GENERATE(from_range(std::begin(kOperandTypes), std::end(kOperandTypes)));
  const auto activation = GENERATE(Activation::none, Activation::gelu_erf, Activation::gelu_tanh);
  for (const GemmShape shape : {GemmShape{1, 3, 5}, {17, 65, 63}, {70, 200, 384}}) {
    GemmCase gemm(shape, types.x, types.w);
    add_scales(gemm);
    gemm.activation = activation;
    for (const OutputKind kind :
         {OutputKind::f32, OutputKind::feature_wise, OutputKind::f32_and_s8}) {
      const GemmResult expected = gemm.run(reference_backend(), kind);
      for (const Backend* backend : cpu_backends_under_test()) {
        INFO(backend->isa << " " << gemm.name());
        const GemmResult actual = gemm.run(*backend, kind);
        check_floats(actual.f32, expected.f32, shape.k);
        check_bytes(actual.s8, expected.s8);
        CHECK_FALSE(actual.nonfinite);
      }
    }
  }
}

TEST_CASE("folded scales: INT8 is the rounded result itself", "[gemm][epilogue]") {
  for (const Int8Range& range : {Int8Range{}, kDeepSpeedRange}) {
    GemmCase gemm({33, 130, 96}, ElementType::s8, ElementType::s8);
    add_scales(gemm);
    gemm.token_scale.clear();
    // Large enough that both ends of the range are reached.
    for (float& scale : gemm.row_scale) scale *= 90.0f;
    gemm.range = range;
    const GemmResult expected = gemm.run(reference_backend(), OutputKind::folded);
    REQUIRE(*std::min_element(expected.s8.begin(), expected.s8.end()) == range.low);
    REQUIRE(*std::max_element(expected.s8.begin(), expected.s8.end()) == range.high);
    for (const Backend* backend : cpu_backends_under_test()) {
      INFO(backend->isa);
      check_bytes(gemm.run(*backend, OutputKind::folded).s8, expected.s8);
    }
  }
}

TEST_CASE("ties round to even and huge values saturate", "[gemm][epilogue]") {
  GemmCase gemm({9, 1, 1}, ElementType::f32, ElementType::f32);
  gemm.x_f32 = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 126.5f, 3e9f, -3e9f, -1e30f};
  gemm.w_f32 = {1.0f};
  const std::vector<int8_t> symmetric{0, 2, 2, 0, -2, 126, 127, -127, -127};
  const std::vector<int8_t> deepspeed{0, 2, 2, 0, -2, 126, 127, -128, -128};
  for (const Backend* backend : cpu_backends_under_test()) {
    INFO(backend->isa);
    gemm.range = Int8Range{};
    CHECK(gemm.run(*backend, OutputKind::folded).s8 == symmetric);
    gemm.range = kDeepSpeedRange;
    const GemmResult result = gemm.run(*backend, OutputKind::folded);
    CHECK(result.s8 == deepspeed);
    CHECK_FALSE(result.nonfinite);
  }
}

TEST_CASE("zero operands leave the bias", "[gemm][epilogue]") {
  for (const OperandTypes types : kOperandTypes) {
    GemmCase gemm({7, 66, 40}, types.x, types.w);
    add_scales(gemm);
    std::fill(gemm.x_f32.begin(), gemm.x_f32.end(), 0.0f);
    std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), int8_t{0});
    for (const Backend* backend : cpu_backends_under_test()) {
      INFO(backend->isa << " " << gemm.name());
      const std::vector<float> y = gemm.run(*backend, OutputKind::f32).f32;
      for (size_t i = 0; i < y.size(); ++i) REQUIRE(y[i] == gemm.bias[i % gemm.bias.size()]);
    }
  }
}

TEST_CASE("GELU is within 1e-6 of its definition over its whole range", "[gemm][epilogue]") {
  constexpr int kPoints = 20001;
  GemmCase gemm({kPoints, 1, 1}, ElementType::f32, ElementType::f32);
  for (int i = 0; i < kPoints; ++i) gemm.x_f32[size_t(i)] = static_cast<float>(i - 10000) * 1e-3f;
  gemm.w_f32 = {1.0f};
  gemm.inverse_scale = {1.0f};
  for (const Activation activation : {Activation::gelu_erf, Activation::gelu_tanh}) {
    gemm.activation = activation;
    for (const Backend* backend : cpu_backends_under_test()) {
      INFO(backend->isa);
      const std::vector<float> y = gemm.run(*backend, OutputKind::f32).f32;
      double worst = 0;
      for (int i = 0; i < kPoints; ++i) {
        const double x = gemm.x_f32[size_t(i)];
        const double u = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
        const double gelu = activation == Activation::gelu_erf ? 0.5 * x * std::erfc(-x * M_SQRT1_2)
                                                               : 0.5 * x * (1 + std::tanh(u));
        // Beyond 8 the spacing of FP32 values itself is near the bound.
        worst = std::max(worst, std::abs(y[size_t(i)] - gelu) / std::max(1.0, std::abs(x) / 4));
      }
      CHECK(worst < 3e-7);
      CHECK(y[10000] == 0.0f);
    }
  }
}

TEST_CASE("NaN and infinity in front of a quantization raise the flag", "[gemm][epilogue]") {
  const auto activation = GENERATE(Activation::none, Activation::gelu_erf, Activation::gelu_tanh);
  for (const float poison : {kNan, kInfinity, -kInfinity}) {
    for (const int column : {0, 63, 64, 69}) {
      GemmCase gemm({11, 70, 20}, ElementType::s8, ElementType::s8);
      add_scales(gemm);
      gemm.activation = activation;
      gemm.bias[size_t(column)] = poison;
      for (const Backend* backend : cpu_backends_under_test()) {
        INFO(backend->isa << " " << poison << " in column " << column);
        CHECK(gemm.run(*backend, OutputKind::folded).nonfinite);
        CHECK(gemm.run(*backend, OutputKind::f32_and_s8).nonfinite);
        // Nothing is quantized here, so nothing can be hidden.
        const GemmResult unquantized = gemm.run(*backend, OutputKind::f32);
        CHECK_FALSE(unquantized.nonfinite);
        if (poison != -kInfinity) CHECK_FALSE(std::isfinite(unquantized.f32[size_t(column)]));
      }
    }
  }
}

TEST_CASE("one outlier row or column does not disturb the others", "[gemm][epilogue]") {
  GemmCase plain({12, 80, 64}, ElementType::s8, ElementType::s8);
  add_scales(plain);
  GemmCase outlier = plain;
  outlier.token_scale[5] = 1e20f;
  outlier.row_scale[77] = 1e20f;
  for (const Backend* backend : cpu_backends_under_test()) {
    INFO(backend->isa);
    const std::vector<int8_t> expected = plain.run(*backend, OutputKind::feature_wise).s8;
    const std::vector<int8_t> actual = outlier.run(*backend, OutputKind::feature_wise).s8;
    for (size_t i = 0; i < actual.size(); ++i) {
      if (i / 80 != 5 && i % 80 != 77) REQUIRE(actual[i] == expected[i]);
    }
  }
}

}  // namespace
}  // namespace herosweep::kernels
