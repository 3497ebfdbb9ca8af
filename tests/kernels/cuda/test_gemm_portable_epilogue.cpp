// The portable GEMM family: what follows the products, and random cases.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/catch.h"
#include "tests/kernels/cuda/portable_case.h"

using namespace herosweep::kernels;
using cuda::portable::kTileSizes;
using cuda::portable::TileSize;

namespace {

constexpr OutputKind kKinds[] = {OutputKind::f32, OutputKind::folded, OutputKind::feature_wise,
                                 OutputKind::f32_and_s8};
constexpr OperandPair kBytes{ElementType::s8, ElementType::s8};

/// Folded INT8 has no inverse scale: brings results to its steps.
void fold(GemmCase& gemm) {
  for (float& scale : gemm.row_scale) scale *= 90.0f;
}

}  // namespace

TEST_CASE("Every activation, output and range of the portable family", "[cuda]") {
  const auto activation = GENERATE(Activation::none, Activation::gelu_erf, Activation::gelu_tanh);
  unsigned seed = 0;
  for (const GemmShape& shape : {GemmShape{70, 200, 384}, {17, 65, 63}, {33, 34, 80}}) {
    for (const OperandPair& pair : kOperandPairs) {
      for (const OutputKind kind : kKinds) {
        GemmCase gemm = portable_case(shape, pair);
        draw_epilogue(gemm, ++seed);
        gemm.activation = activation;
        if (seed % 2 == 0) gemm.range = kDeepSpeedRange;
        if (kind == OutputKind::folded) fold(gemm);
        const GemmResult expected = gemm.run(reference_backend(), kind);
        for (const TileSize size : kTileSizes) check_on_device(gemm, kind, size, expected);
      }
    }
  }
}

TEST_CASE("Both ends of each INT8 range are reached and never passed", "[cuda]") {
  for (const Int8Range& range : {Int8Range{}, kDeepSpeedRange}) {
    GemmCase gemm = portable_case({40, 132, 96}, kBytes);
    draw_epilogue(gemm, 1);
    fold(gemm);
    gemm.range = range;
    for (const TileSize size : kTileSizes) {
      const std::vector<int8_t> q = gemm.run(portable_backend(size), OutputKind::folded).s8;
      CHECK(*std::min_element(q.begin(), q.end()) == range.low);
      CHECK(*std::max_element(q.begin(), q.end()) == range.high);
    }
  }
}

TEST_CASE("Zero operands leave the bias in every output", "[cuda]") {
  for (const OperandPair& pair : kOperandPairs) {
    GemmCase gemm = portable_case({37, 66, 48}, pair);
    draw_epilogue(gemm, 2);
    std::fill(gemm.x_f32.begin(), gemm.x_f32.end(), 0.0f);
    std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), int8_t{0});
    for (const TileSize size : kTileSizes) {
      INFO(gemm.name());
      const std::vector<float> y = gemm.run(portable_backend(size), OutputKind::f32).f32;
      for (size_t i = 0; i < y.size(); ++i)
        REQUIRE(y[i] == half_of(gemm.bias[i % gemm.bias.size()]));
    }
  }
}

TEST_CASE("NaN and infinity raise the flag of the portable family", "[cuda]") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float poison : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
    for (const int column : {0, 63, 64, 69}) {
      GemmCase gemm = portable_case({35, 70, 32}, kBytes);
      draw_epilogue(gemm, 3);
      gemm.bias[static_cast<size_t>(column)] = poison;
      for (const TileSize size : kTileSizes) {
        for (const OutputKind kind : kKinds) {
          INFO(poison << " in column " << column << ", output " << static_cast<int>(kind));
          CHECK(gemm.run(portable_backend(size), kind).nonfinite);
        }
      }
    }
  }
}

TEST_CASE("Values that FP16 rounds to infinity raise the flag, INT8 saturates", "[cuda]") {
  GemmCase gemm = portable_case({3, 9, 16}, kBytes);
  std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), int8_t{0});
  gemm.bias.assign(9, 1.0f);
  const Backend& backend = portable_backend(TileSize::t32x32);
  gemm.bias[8] = std::nextafter(65520.0f, 0.0f);
  const GemmResult largest = gemm.run(backend, OutputKind::f32);
  CHECK(largest.f32[8] == 65504.0f);
  CHECK_FALSE(largest.nonfinite);
  for (const float huge : {65520.0f, -65520.0f, 3e38f}) {
    gemm.bias[8] = huge;
    CHECK(gemm.run(backend, OutputKind::f32).nonfinite);
    const GemmResult bytes = gemm.run(backend, OutputKind::folded);
    CHECK_FALSE(bytes.nonfinite);
    CHECK(bytes.s8[8] == (huge > 0 ? 127 : -127));
    CHECK(bytes.s8[7] == 1);
  }
}

TEST_CASE("An outlier row or column does not disturb the others on the device", "[cuda]") {
  for (const OperandPair& pair : kOperandPairs) {
    GemmCase plain = portable_case({40, 80, 64}, pair);
    draw_epilogue(plain, 4);
    GemmCase outlier = plain;
    outlier.token_scale[5] = 1e20f;
    outlier.row_scale[77] = 1e20f;
    for (size_t i = 0; i < 64 && !outlier.x_f32.empty(); ++i) outlier.x_f32[5 * 64 + i] *= 1000;
    for (const TileSize size : kTileSizes) {
      INFO(plain.name());
      const Backend& backend = portable_backend(size);
      const std::vector<int8_t> expected = plain.run(backend, OutputKind::feature_wise).s8;
      const std::vector<int8_t> actual = outlier.run(backend, OutputKind::feature_wise).s8;
      for (size_t i = 0; i < actual.size(); ++i)
        if (i / 80 != 5 && i % 80 != 77) REQUIRE(actual[i] == expected[i]);
    }
  }
}

TEST_CASE("Random GEMMs of the portable family agree with the reference", "[cuda]") {
  std::mt19937 generator(20);
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(generator);
  };
  for (int round = 0; round < 300; ++round) {
    // Half of the cases have rows that are a multiple of 16 bytes in every type.
    const int multiple = draw(0, 1) == 0 ? 1 : 16;
    const GemmShape shape{draw(1, 200), draw(1, 200), multiple * draw(1, 700 / multiple)};
    GemmCase gemm = portable_case(shape, kOperandPairs[draw(0, 4)]);
    draw_epilogue(gemm, static_cast<unsigned>(round));
    if (draw(0, 3) == 0) gemm.token_scale.clear();
    if (draw(0, 3) == 0) gemm.bias.clear();
    gemm.activation = static_cast<Activation>(draw(0, 2));
    if (draw(0, 1) == 0) gemm.range = kDeepSpeedRange;
    const OutputKind kind = kKinds[draw(0, 3)];
    if (kind == OutputKind::folded) fold(gemm);
    INFO("round " << round);
    check_on_device(gemm, kind, kTileSizes[draw(0, 2)], gemm.run(reference_backend(), kind));
  }
}
