// Products: accumulators, operand types, shapes at the edges of every block.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tests/catch.h"
#include "tests/kernels/gemm_case.h"

namespace herosweep::kernels {
namespace {

// With all scales absent and FP32 out, an accumulator below 2^24 shows itself unchanged.
void check_accumulators(const Backend& backend, const GemmCase& gemm) {
  const GemmResult expected = gemm.run(reference_backend(), OutputKind::f32);
  const GemmResult actual = gemm.run(backend, OutputKind::f32);
  INFO(backend.isa << " " << gemm.name());
  CHECK(std::all_of(expected.f32.begin(), expected.f32.end(),
                    [](float acc) { return std::abs(acc) < 16777216.0f; }));
  CHECK(actual.f32 == expected.f32);
}

TEST_CASE("integer accumulators are bit-identical to the reference", "[gemm]") {
  for (const Backend* backend : cpu_backends_under_test()) {
    for (const GemmShape& shape : edge_shapes()) {
      for (const ElementType w_type : {ElementType::s8, ElementType::s4}) {
        check_accumulators(*backend, GemmCase(shape, ElementType::s8, w_type));
      }
    }
  }
}

TEST_CASE("integer accumulators are exact where every operand is extreme", "[gemm]") {
  // 1,000 products of 128 * 128 stay below 2^24, and no 16-bit intermediate could hold a pair.
  for (const Backend* backend : cpu_backends_under_test()) {
    for (const int x : {-128, 127}) {
      for (const int w : {-128, 127}) {
        GemmCase gemm({7, 65, 1000}, ElementType::s8, ElementType::s8);
        std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), static_cast<int8_t>(x));
        std::fill(gemm.w_s8.begin(), gemm.w_s8.end(), static_cast<int8_t>(w));
        check_accumulators(*backend, gemm);
      }
    }
  }
}

TEST_CASE("an accumulator close to 2^31 neither wraps nor saturates", "[gemm]") {
  GemmCase gemm({2, 3, 131071}, ElementType::s8, ElementType::s8);
  std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), int8_t{-128});
  std::fill(gemm.w_s8.begin(), gemm.w_s8.end(), int8_t{-128});
  for (const Backend* backend : cpu_backends_under_test()) {
    INFO(backend->isa);
    for (const float acc : gemm.run(*backend, OutputKind::f32).f32) {
      CHECK(acc == static_cast<float>(131071 * 16384));
    }
  }
}

TEST_CASE("sums of floating-point activations stay within their rounding error", "[gemm]") {
  for (const Backend* backend : cpu_backends_under_test()) {
    for (const GemmShape& shape : edge_shapes()) {
      for (const ElementType w_type : {ElementType::f32, ElementType::s8, ElementType::s4}) {
        const GemmCase gemm(shape, ElementType::f32, w_type);
        const GemmResult expected = gemm.run(reference_backend(), OutputKind::f32);
        const GemmResult actual = gemm.run(*backend, OutputKind::f32);
        double worst = 0;
        for (int i = 0; i < shape.m; i += 3) {
          for (int j = 0; j < shape.n; ++j) {
            const size_t at = static_cast<size_t>(i) * static_cast<size_t>(shape.n) + size_t(j);
            const double error = std::abs(double{actual.f32[at]} - expected.f32[at]);
            worst = std::max(worst, error / gemm.sum_of_magnitudes(i, j));
          }
        }
        INFO(backend->isa << " " << gemm.name());
        // Rounding errors of a sum of k terms grow like sqrt(k); 4 of them are never seen.
        CHECK(worst <= 4 * std::sqrt(static_cast<double>(shape.k)) * 0x1p-24);
      }
    }
  }
}

TEST_CASE("integer-valued operands give the same result in INT8 and in FP32", "[gemm]") {
  const GemmShape shape{19, 130, 300};
  GemmCase integer(shape, ElementType::s8, ElementType::s8);
  GemmCase floating(shape, ElementType::f32, ElementType::f32);
  GemmCase weight_only(shape, ElementType::f32, ElementType::s8);
  floating.x_f32.assign(integer.x_s8.begin(), integer.x_s8.end());
  floating.w_f32.assign(integer.w_s8.begin(), integer.w_s8.end());
  weight_only.x_f32 = floating.x_f32;
  weight_only.w_s8 = integer.w_s8;
  const std::vector<float> expected = floating.run(reference_backend(), OutputKind::f32).f32;
  for (const Backend* backend : cpu_backends_under_test()) {
    INFO(backend->isa);
    CHECK(integer.run(*backend, OutputKind::f32).f32 == expected);
    CHECK(floating.run(*backend, OutputKind::f32).f32 == expected);
    CHECK(weight_only.run(*backend, OutputKind::f32).f32 == expected);
  }
}

TEST_CASE("no rows is no work", "[gemm]") {
  for (const Backend* backend : cpu_backends_under_test()) {
    const GemmCase gemm({0, 5, 7}, ElementType::s8, ElementType::s8);
    CHECK(gemm.run(*backend, OutputKind::f32).f32.empty());
  }
}

}  // namespace
}  // namespace herosweep::kernels
