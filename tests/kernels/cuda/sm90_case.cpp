#include "tests/kernels/cuda/sm90_case.h"

#include <cmath>
#include <cstdlib>

namespace herosweep::kernels {
namespace {

void (*forced_tile)(const GemmArgs&) = nullptr;

std::vector<float> drawn(int count, float low, float high, std::mt19937& generator) {
  std::uniform_real_distribution<float> value(low, high);
  std::vector<float> values(static_cast<size_t>(count));
  std::generate(values.begin(), values.end(), [&] { return value(generator); });
  return values;
}

}  // namespace

std::vector<GemmShape> sm90_shapes() {
  return {{1, 16, 16},     {7, 48, 48},     {63, 16, 2304},  {64, 2304, 48},   {65, 144, 768},
          {129, 208, 336}, {1000, 112, 64}, {257, 400, 272}, {130, 320, 1040}, {65, 80, 6400}};
}

std::vector<GemmShape> sm90_many_tiles() { return {{4100, 2320, 80}, {520, 8208, 1040}}; }

const Backend& device_backend_with(const cuda::sm90::Tile& tile) {
  static Backend backend = [] {
    Backend forced = device_backend();
    forced.gemm = [](const GemmArgs& host) { gemm_on_device(host, forced_tile); };
    return forced;
  }();
  forced_tile = tile.run;
  return backend;
}

GemmCase sm90_case(const GemmShape& shape, ElementType operand) {
  const ElementType on_host = operand == ElementType::f16 ? ElementType::f32 : operand;
  GemmCase gemm(shape, on_host, on_host);
  to_half(gemm.x_f32);
  to_half(gemm.w_f32);
  return gemm;
}

void draw_epilogue(GemmCase& gemm, float deviation, unsigned seed) {
  std::mt19937 generator(seed);
  constexpr float kByteDeviation = 74.0f;  // of the uniform bytes that GemmCase draws
  const float product = gemm.x_type == ElementType::s8 ? kByteDeviation * kByteDeviation : 1.0f;
  const float scale = deviation / (product * std::sqrt(static_cast<float>(gemm.shape.k)));
  gemm.token_scale = drawn(gemm.shape.m, 0.5f, 1.5f, generator);
  gemm.row_scale = drawn(gemm.shape.n, 0.5f * scale, 1.5f * scale, generator);
  gemm.bias = drawn(gemm.shape.n, -deviation, deviation, generator);
  gemm.inverse_scale = drawn(gemm.shape.n, 0.5f, 1.5f, generator);
}

int flips(const std::vector<int8_t>& actual, const std::vector<int8_t>& expected) {
  if (actual.size() != expected.size()) return -1;
  int count = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const int difference = std::abs(actual[i] - expected[i]);
    if (difference > 1) return -1;
    count += difference;
  }
  return count;
}

int allowed_flips(size_t elements) { return std::max(2, static_cast<int>(elements / 1000)); }

double worst_half_error(const std::vector<float>& actual, const std::vector<float>& expected,
                        double sum_error) {
  constexpr double kHalfUlp = 1.0 / 2048;      // relative
  constexpr double kSmallestHalfUlp = 3.0e-8;  // absolute, below the normal range
  if (actual.size() != expected.size()) return HUGE_VAL;
  double worst = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    const double reference = expected[i];
    const double allowed = std::abs(reference) * kHalfUlp * 1.001 + kSmallestHalfUlp + sum_error;
    const double error = std::abs(actual[i] - reference) / allowed;
    if (!(error <= worst)) worst = std::isnan(error) ? HUGE_VAL : error;
  }
  return worst;
}

}  // namespace herosweep::kernels
