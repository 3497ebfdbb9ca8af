#include "tests/kernels/quantize_case.h"

#include <cmath>

#include "tests/catch.h"

namespace herosweep::kernels {

QuantizeCase::QuantizeCase(int row_count, int col_count, Activation function, unsigned seed)
    : rows(row_count), cols(col_count), activation(function) {
  std::mt19937 random(seed);
  x = normal_values(random, static_cast<size_t>(rows) * static_cast<size_t>(cols), 2.0f);
  inverse_scale = uniform_values(random, static_cast<size_t>(cols), 20.0f, 60.0f);
}

RowOutputs QuantizeCase::run(const Backend& backend, Format format, Int8Range range) const {
  RowOutputs outputs;
  QuantizeArgs a;
  a.rows = rows;
  a.cols = cols;
  a.x = x.data();
  a.activation = activation;
  a.out = outputs.bind(format, rows, cols, inverse_scale);
  a.out.range = range;
  a.nonfinite = &outputs.nonfinite;
  backend.quantize(a);
  outputs.check_guards();
  return outputs;
}

void QuantizeCase::check_agrees(const Backend& backend, Storage storage) const {
  for (const Format format : all_formats()) {
    CAPTURE(backend.isa, rows, cols, static_cast<int>(activation), format_name(format));
    const RowOutputs expected = run(reference_backend(), format);
    const RowOutputs actual = run(backend, format);
    check_same_bytes(actual, expected);
    // A GELU's own error is absolute; without one the copy is exact.
    const double error = activation == Activation::none ? 0.0 : 4e-7;
    check_close(actual.f32, expected.f32, [&](size_t i) {
      return error * (1.0 + std::fabs(double{expected.f32[i]})) +
             storage_rounding(storage, expected.f32[i]);
    });
    CHECK_FALSE(actual.nonfinite);
  }
}

}  // namespace herosweep::kernels
