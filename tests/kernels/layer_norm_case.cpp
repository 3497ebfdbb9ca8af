#include "tests/kernels/layer_norm_case.h"

#include <cmath>

#include "tests/catch.h"

namespace herosweep::kernels {
namespace {

constexpr double kEps = 0x1p-24;

}  // namespace

LayerNormCase::LayerNormCase(int row_count, int col_count, Inputs input_types, unsigned seed)
    : rows(row_count), cols(col_count), inputs(input_types) {
  std::mt19937 random(seed);
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

LayerNormArgs LayerNormCase::args() const {
  LayerNormArgs a;
  a.rows = rows;
  a.cols = cols;
  a.gamma = gamma.data();
  a.beta = beta.data();
  a.epsilon = epsilon;
  const bool residual_is_f32 =
      inputs == Inputs::f32_f32 || inputs == Inputs::f32_s8 || inputs == Inputs::f32_alone;
  if (residual_is_f32) {
    a.residual = {ElementType::f32, residual_f32.data(), nullptr, nullptr};
  } else {
    a.residual = {ElementType::s8, residual_s8.data(), token_scale.data(),
                  every_scale ? feature_scale.data() : nullptr};
  }
  if (inputs == Inputs::f32_alone || inputs == Inputs::s8_alone) return a;
  if (inputs == Inputs::f32_f32 || inputs == Inputs::s8_f32) {
    a.x = {ElementType::f32, x_f32.data(), nullptr, nullptr};
  } else {
    a.x = {ElementType::s8, x_s8.data(), every_scale ? token_scale.data() : nullptr,
           feature_scale.data()};
  }
  return a;
}

RowOutputs LayerNormCase::run(const Backend& backend, Format format, Int8Range range) const {
  RowOutputs outputs;
  LayerNormArgs a = args();
  a.out = outputs.bind(format, rows, cols, inverse_scale);
  a.out.range = range;
  a.nonfinite = &outputs.nonfinite;
  backend.layer_norm(a);
  outputs.check_guards();
  return outputs;
}

void LayerNormCase::check_agrees(const Backend& backend, Storage storage,
                                 const std::vector<Format>& formats) const {
  const RowOutputs exact = run(reference_backend(), Format::f32);
  for (const Format format : formats) {
    CAPTURE(backend.isa, rows, cols, static_cast<int>(inputs), every_scale, format_name(format));
    const RowOutputs expected = run(reference_backend(), format);
    const RowOutputs actual = run(backend, format);
    check_same_bytes(actual, expected);
    check_close(actual.f32, expected.f32, [&](size_t i) {
      return tolerance(i, exact) + storage_rounding(storage, expected.f32[i]);
    });
    CHECK_FALSE(actual.nonfinite);
  }
}

double LayerNormCase::tolerance(size_t i, const RowOutputs& reference) const {
  const size_t col = i % static_cast<size_t>(cols);
  const double normal = std::fabs(double{reference.f32[i]} - double{beta[col]});
  return kEps * ((cols / 16.0 + 32.0) * normal + 64.0 * double{gamma[col]} +
                 4.0 * std::fabs(double{beta[col]}));
}

}  // namespace herosweep::kernels
