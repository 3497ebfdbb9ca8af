// One GEMM with its data, run on any backend: what test_gemm*.cpp compare.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/isa.h"

namespace herosweep::kernels {

/// Backends under test: the cpu backend on every instruction set that this processor has.
std::vector<const Backend*> cpu_backends_under_test();

struct GemmShape {
  int m = 1;
  int n = 1;
  int k = 1;
};

/// Shapes around the edges of tiles (6 rows, 64 columns), groups (4, 8) and cache blocks.
std::vector<GemmShape> edge_shapes();

struct GemmResult {
  std::vector<float> f32;
  std::vector<int8_t> s8;
  bool nonfinite = false;
};

enum class OutputKind { f32, folded, feature_wise, f32_and_s8 };

/// Operands are drawn from a fixed seed; change them, then run.
struct GemmCase {
  GemmCase(GemmShape gemm_shape, ElementType x_type, ElementType w_type);

  /// Throws std::logic_error when the backend writes outside the output.
  GemmResult run(const Backend& backend, OutputKind kind) const;

  std::string name() const;
  /// Value of w[row, i], whatever its type.
  float weight(int row, int i) const;
  /// Sum of |x[row, i] * w[column, i]|, by which the error of an FP32 sum is judged.
  double sum_of_magnitudes(int row, int column) const;

  GemmShape shape;
  ElementType x_type;
  ElementType w_type;
  std::vector<float> x_f32;
  std::vector<int8_t> x_s8;
  std::vector<float> w_f32;
  std::vector<int8_t> w_s8;  // s4: two values a byte
  // Empty vectors are passed as null pointers.
  std::vector<float> token_scale;
  std::vector<float> row_scale;
  std::vector<float> bias;
  std::vector<float> inverse_scale;
  Activation activation = Activation::none;
  Int8Range range;
};

}  // namespace herosweep::kernels
