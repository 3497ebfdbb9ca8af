#include "tests/kernels/row_outputs.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

#include "tests/catch.h"

namespace herosweep::kernels {
namespace {

constexpr size_t kGuard = 64;
constexpr float kGuardF32 = -12345.0f;
constexpr int8_t kGuardS8 = 93;

template <typename T>
void drop_guard(std::vector<T>& values, T guard) {
  if (values.empty()) return;
  const auto begin = values.end() - kGuard;
  REQUIRE(std::all_of(begin, values.end(), [guard](T value) { return value == guard; }));
  values.erase(begin, values.end());
}

}  // namespace

std::vector<const Backend*> cpu_instruction_sets() {
  std::vector<const Backend*> backends;
  for (const cpu::Isa isa : {cpu::Isa::avx512_vnni, cpu::Isa::portable}) {
    if (cpu::is_supported(isa)) backends.push_back(&cpu::backend_for(isa));
  }
  return backends;
}

std::vector<Format> all_formats() { return {std::begin(kRowFormats), std::end(kRowFormats)}; }

double storage_rounding(Storage storage, double value) {
  if (storage == Storage::f32) return 0.0;
  // Half an ulp: 11 significant bits, but no finer than 2^-24.
  const int exponent = value == 0.0 ? -14 : std::max(std::ilogb(value), -14);
  return std::ldexp(1.0, exponent - 11);
}

std::string format_name(Format format) {
  switch (format) {
    case Format::f32:
      return "f32";
    case Format::token_wise:
      return "token-wise";
    case Format::feature_wise:
      return "feature-wise";
    case Format::folded:
      return "folded";
    case Format::f32_and_token_wise:
      return "f32 and token-wise";
    case Format::f32_and_feature_wise:
      return "f32 and feature-wise";
  }
  return "";
}

Output RowOutputs::bind(Format format, int rows, int cols,
                        const std::vector<float>& inverse_scale) {
  const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(cols);
  const bool writes_f32 = format == Format::f32 || format == Format::f32_and_token_wise ||
                          format == Format::f32_and_feature_wise;
  const bool token_wise = format == Format::token_wise || format == Format::f32_and_token_wise;
  Output out;
  if (writes_f32) {
    f32.assign(count + kGuard, kGuardF32);
    out.f32 = f32.data();
  }
  if (format != Format::f32) {
    s8.assign(count + kGuard, kGuardS8);
    out.s8 = s8.data();
  }
  if (token_wise) {
    token_scale.assign(static_cast<size_t>(rows) + kGuard, kGuardF32);
    out.token_scale = token_scale.data();
  }
  if (format == Format::feature_wise || format == Format::f32_and_feature_wise)
    out.inverse_scale = inverse_scale.data();
  return out;
}

void RowOutputs::check_guards() {
  drop_guard(f32, kGuardF32);
  drop_guard(s8, kGuardS8);
  drop_guard(token_scale, kGuardF32);
}

void check_same_bytes(const RowOutputs& actual, const RowOutputs& expected) {
  REQUIRE(actual.s8.size() == expected.s8.size());
  REQUIRE(actual.token_scale.size() == expected.token_scale.size());
  size_t different = 0;
  int largest = 0;
  for (size_t i = 0; i < actual.s8.size(); ++i) {
    const int distance = std::abs(actual.s8[i] - expected.s8[i]);
    largest = std::max(largest, distance);
    different += distance != 0 ? 1 : 0;
  }
  CHECK(largest <= 1);
  CHECK(different <= std::max<size_t>(2, actual.s8.size() / 1000));
  // A row's scale is as exact as its largest value: some ulps, or GELU's absolute error in the
  // tail.
  for (size_t t = 0; t < actual.token_scale.size(); ++t) {
    const double distance = std::fabs(double{actual.token_scale[t]} - expected.token_scale[t]);
    CHECK(distance <= 2e-6 * expected.token_scale[t] + 4e-7 / 127.0);
  }
}

void check_close(const std::vector<float>& actual, const std::vector<float>& expected,
                 const std::function<double(size_t)>& tolerance) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    const double distance = std::fabs(double{actual[i]} - double{expected[i]});
    if (distance <= tolerance(i)) continue;
    CAPTURE(i, actual[i], expected[i], tolerance(i));
    CHECK(distance <= tolerance(i));
    return;  // the first one tells enough
  }
}

std::vector<float> normal_values(std::mt19937& random, size_t count, float deviation) {
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

std::vector<float> uniform_values(std::mt19937& random, size_t count, float low, float high) {
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

std::vector<int8_t> int8_values(std::mt19937& random, size_t count, int low, int high) {
  std::uniform_int_distribution<int> uniform(low, high);
  std::vector<int8_t> values(count);
  for (int8_t& value : values) value = static_cast<int8_t>(uniform(random));
  return values;
}

}  // namespace herosweep::kernels
