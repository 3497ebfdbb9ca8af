// Buffers for an operator's outputs in every format, and the agreement that docs/numerics.md asks
// of two backends on identical inputs.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/isa.h"

namespace herosweep::kernels {

/// The cpu backend on every instruction set that this processor has.
std::vector<const Backend*> cpu_instruction_sets();

enum class Format {
  f32,
  token_wise,
  feature_wise,
  folded,
  f32_and_token_wise,
  f32_and_feature_wise
};
/// What an operator that holds whole rows can write.
inline constexpr Format kRowFormats[] = {Format::f32, Format::token_wise, Format::feature_wise,
                                         Format::folded, Format::f32_and_token_wise};
std::vector<Format> all_formats();
std::string format_name(Format format);

/// How a backend stores floating-point outputs, and the rounding error that comes with it.
enum class Storage { f32, f16 };
double storage_rounding(Storage storage, double value);

struct RowOutputs {
  std::vector<float> f32;
  std::vector<int8_t> s8;
  std::vector<float> token_scale;
  bool nonfinite = false;

  /// Sizes the buffers that `format` needs, with a guard behind each, and points an Output at them.
  Output bind(Format format, int rows, int cols, const std::vector<float>& inverse_scale);
  /// Fails the test when a byte behind the outputs was overwritten, then drops the guards.
  void check_guards();
};

/// INT8 outputs: at most max(2, 0.1 %) elements differ, by at most 1. Token scales: 4 ulps.
void check_same_bytes(const RowOutputs& actual, const RowOutputs& expected);

/// |actual[i] - expected[i]| <= tolerance(i).
void check_close(const std::vector<float>& actual, const std::vector<float>& expected,
                 const std::function<double(size_t)>& tolerance);

std::vector<float> normal_values(std::mt19937& random, size_t count, float deviation);
std::vector<float> uniform_values(std::mt19937& random, size_t count, float low, float high);
std::vector<int8_t> int8_values(std::mt19937& random, size_t count, int low, int high);

}  // namespace herosweep::kernels
