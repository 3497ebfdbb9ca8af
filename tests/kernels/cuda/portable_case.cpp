#include "tests/kernels/cuda/portable_case.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/catch.h"
#include "tests/kernels/row_outputs.h"

namespace herosweep::kernels {
namespace {

cuda::portable::TileSize forced_size;

std::vector<float> drawn(int count, float low, float high, std::mt19937& generator) {
  std::uniform_real_distribution<float> value(low, high);
  std::vector<float> values(static_cast<size_t>(count));
  std::generate(values.begin(), values.end(), [&] { return value(generator); });
  return values;
}

double deviation(ElementType type) {
  return type == ElementType::f32 ? 1.0 : type == ElementType::s8 ? 74.0 : 4.6;
}

double at_or(const std::vector<float>& values, int i, double otherwise) {
  return values.empty() ? otherwise : double{values[static_cast<size_t>(i)]};
}

/// Euclidean norms of the rows of x; all zero where products are exact.
std::vector<double> row_norms(const GemmCase& gemm) {
  std::vector<double> norms(static_cast<size_t>(gemm.shape.m));
  const auto k = static_cast<size_t>(gemm.shape.k);
  for (size_t i = 0; i < gemm.x_f32.size(); ++i)
    norms[i / k] += double{gemm.x_f32[i]} * double{gemm.x_f32[i]};
  for (double& norm : norms) norm = std::sqrt(norm);
  return norms;
}

std::vector<double> weight_norms(const GemmCase& gemm) {
  std::vector<double> norms;
  for (int row = 0; row < gemm.shape.n; ++row) {
    double sum = 0;
    for (int i = 0; i < gemm.shape.k; ++i) sum += std::pow(double{gemm.weight(row, i)}, 2);
    norms.push_back(std::sqrt(sum));
  }
  return norms;
}

/// What the value at (row, column), `y` in the reference, may differ by. `norms` is the product of
/// the norms of the two rows, which bounds the sum of magnitudes (Cauchy and Schwarz).
double half_tolerance(const GemmCase& gemm, int row, int column, double y, double norms) {
  // Tensor cores cut off where the FPU rounds: 2^-23 a step instead of 2^-24. Errors of a sum of k
  // terms grow like sqrt(k); 4 of them are never seen.
  const double sum_error = 4 * std::sqrt(static_cast<double>(gemm.shape.k)) * 0x1p-23 * norms;
  const double scale = at_or(gemm.token_scale, row, 1) * at_or(gemm.row_scale, column, 1);
  // Two products and a sum, each rounded; |product| <= |v| + |bias|, and |v| <= |y| + 4 where GELU
  // hides it (GELU is the identity for large v, and below 1e-4 beyond -4).
  const double hidden = gemm.activation == Activation::none ? 0 : 4;
  const double rounding =
      4 * 0x1p-24 * (std::abs(y) + hidden + 2 * std::abs(at_or(gemm.bias, column, 0)));
  constexpr double kSteepest = 1.13;  // slope of GELU
  const double gelu = gemm.activation == Activation::none ? 0 : 1e-6;
  const double error = kSteepest * (sum_error * std::abs(scale) + rounding) + gelu;
  return error + storage_rounding(Storage::f16, std::abs(y) + error);
}

void check_halves(const GemmCase& gemm, const std::vector<float>& actual,
                  const std::vector<float>& expected) {
  REQUIRE(actual.size() == expected.size());
  const std::vector<double> x_norms = row_norms(gemm);
  const std::vector<double> w_norms = weight_norms(gemm);
  const auto n = static_cast<size_t>(gemm.shape.n);
  double worst = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double y = expected[i];
    const double allowed = half_tolerance(gemm, static_cast<int>(i / n), static_cast<int>(i % n), y,
                                          x_norms[i / n] * w_norms[i % n]);
    const double error = std::abs(actual[i] - y) / allowed;
    if (!(error <= worst)) worst = std::isnan(error) ? HUGE_VAL : error;
  }
  CHECK(worst <= 1.0);
}

}  // namespace

const Backend& portable_backend(cuda::portable::TileSize size) {
  static const Backend backend = [] {
    Backend forced = device_backend();
    forced.gemm = [](const GemmArgs& host) {
      gemm_on_device(host, [](const GemmArgs& args) { cuda::portable::gemm(args, forced_size); });
    };
    return forced;
  }();
  forced_size = size;
  return backend;
}

GemmCase portable_case(const GemmShape& shape, const OperandPair& pair) {
  GemmCase gemm(shape, pair.x, pair.w);
  to_half(gemm.x_f32);
  to_half(gemm.w_f32);
  return gemm;
}

void draw_epilogue(GemmCase& gemm, unsigned seed) {
  std::mt19937 generator(seed);
  const auto scale = static_cast<float>(1 / (deviation(gemm.x_type) * deviation(gemm.w_type) *
                                             std::sqrt(static_cast<double>(gemm.shape.k))));
  gemm.token_scale = drawn(gemm.shape.m, 0.5f, 1.5f, generator);
  gemm.row_scale = drawn(gemm.shape.n, 0.5f * scale, 1.5f * scale, generator);
  gemm.bias = drawn(gemm.shape.n, -1.0f, 1.0f, generator);
  gemm.inverse_scale = drawn(gemm.shape.n, 30.0f, 50.0f, generator);
}

GemmCase cancelled(GemmCase gemm) {
  const auto k = static_cast<size_t>(gemm.shape.k);
  for (size_t i = k; i < gemm.x_s8.size(); ++i) gemm.x_s8[i] = gemm.x_s8[i % k];
  GemmCase first = gemm;
  first.shape.m = 1;
  first.x_s8.resize(k);
  gemm.bias = first.run(reference_backend(), OutputKind::f32).f32;
  for (float& bias : gemm.bias) bias = -bias;
  return gemm;
}

void check_agrees(const GemmCase& gemm, OutputKind kind, const Backend& backend,
                  const GemmResult& expected) {
  INFO(gemm.name() << ", output " << static_cast<int>(kind));
  const GemmResult actual = gemm.run(backend, kind);
  check_halves(gemm, actual.f32, expected.f32);
  RowOutputs actual_bytes, expected_bytes;
  actual_bytes.s8 = actual.s8;
  expected_bytes.s8 = expected.s8;
  check_same_bytes(actual_bytes, expected_bytes);
  CHECK(actual.nonfinite == expected.nonfinite);
}

void check_on_device(const GemmCase& gemm, OutputKind kind, cuda::portable::TileSize size,
                     const GemmResult& expected) {
  INFO("tile " << static_cast<int>(size));
  check_agrees(gemm, kind, portable_backend(size), expected);
}

}  // namespace herosweep::kernels
