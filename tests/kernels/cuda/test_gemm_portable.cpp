// The portable GEMM family: products of every operand pair by every tile, against the reference.
#include <algorithm>
#include <random>
#include <stdexcept>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/operators.h"
#include "tests/catch.h"
#include "tests/kernels/cuda/portable_case.h"

using namespace herosweep::kernels;
using cuda::portable::kTileSizes;
using cuda::portable::TileSize;

namespace {

void check_every_tile(const GemmCase& gemm, OutputKind kind) {
  const GemmResult expected = gemm.run(reference_backend(), kind);
  for (const TileSize size : kTileSizes) check_on_device(gemm, kind, size, expected);
}

/// Integers of [-8, 7] in every operand, the same for each pair of types. FP16 holds sums of at
/// most 32 products exactly.
void fill_integers(GemmCase& gemm, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> digit(-8, 7);
  for (size_t i = 0; i < gemm.x_f32.size() + gemm.x_s8.size(); ++i) {
    const int value = digit(generator);
    if (gemm.x_type == ElementType::s8) gemm.x_s8[i] = static_cast<int8_t>(value);
    if (gemm.x_type == ElementType::f32) gemm.x_f32[i] = static_cast<float>(value);
  }
  std::fill(gemm.w_s8.begin(), gemm.w_s8.end(), int8_t{0});
  const auto k = static_cast<size_t>(gemm.shape.k);
  for (size_t i = 0; i < static_cast<size_t>(gemm.shape.n) * k; ++i) {
    const int value = digit(generator);
    if (gemm.w_type == ElementType::f32) gemm.w_f32[i] = static_cast<float>(value);
    if (gemm.w_type == ElementType::s8) gemm.w_s8[i] = static_cast<int8_t>(value);
    if (gemm.w_type != ElementType::s4) continue;
    int8_t& pair = gemm.w_s8[i / k * ((k + 1) / 2) + i % k / 2];
    pair = static_cast<int8_t>(pair | (value & 0xf) << (i % k % 2 * 4));
  }
}

void check_all_zero(const GemmCase& gemm) {
  for (const TileSize size : kTileSizes) {
    INFO(gemm.name() << ", tile " << static_cast<int>(size));
    const std::vector<float> y = gemm.run(portable_backend(size), OutputKind::f32).f32;
    CHECK(std::all_of(y.begin(), y.end(), [](float value) { return value == 0; }));
  }
}

}  // namespace

TEST_CASE("Portable tiles agree with the reference at the edges of shapes", "[cuda]") {
  unsigned seed = 0;
  for (const GemmShape& shape : edge_shapes()) {
    for (const OperandPair& pair : kOperandPairs) {
      GemmCase gemm = portable_case(shape, pair);
      draw_epilogue(gemm, ++seed);
      check_every_tile(gemm, OutputKind::f32_and_s8);
    }
  }
}

TEST_CASE("Portable tiles agree with the reference on aligned shapes", "[cuda]") {
  unsigned seed = 0;
  // Fewer steps of k than stages and many more, tiles that are whole, cut, and one row or column.
  for (const GemmShape& shape : {GemmShape{128, 128, 16},
                                 {129, 200, 784},
                                 {256, 384, 1024},
                                 {1, 768, 768},
                                 {31, 33, 4096},
                                 {400, 72, 128},
                                 {127, 129, 112},
                                 {65, 1, 272}}) {
    for (const OperandPair& pair : kOperandPairs) {
      GemmCase gemm = portable_case(shape, pair);
      draw_epilogue(gemm, ++seed);
      check_every_tile(gemm, OutputKind::f32_and_s8);
    }
  }
}

TEST_CASE("Integer-valued operands give the same sums in every pair of types", "[cuda]") {
  unsigned seed = 0;
  for (const GemmShape& shape : {GemmShape{128, 128, 32}, {70, 130, 24}, {33, 65, 31}, {5, 7, 1}}) {
    ++seed;
    GemmCase integers = portable_case(shape, {ElementType::s8, ElementType::s8});
    fill_integers(integers, seed);
    const std::vector<float> expected = integers.run(reference_backend(), OutputKind::f32).f32;
    for (const OperandPair& pair : kOperandPairs) {
      GemmCase gemm = portable_case(shape, pair);
      fill_integers(gemm, seed);
      for (const TileSize size : kTileSizes) {
        INFO(gemm.name() << ", tile " << static_cast<int>(size));
        CHECK(gemm.run(portable_backend(size), OutputKind::f32).f32 == expected);
      }
    }
  }
}

TEST_CASE("INT32 sums of full-range bytes are exact", "[cuda]") {
  // Below 2^24, so that the bias, FP32, cancels each sum; one unit off would show.
  for (const GemmShape& shape : {GemmShape{130, 200, 1008}, {130, 200, 1001}}) {
    for (const ElementType w : {ElementType::s8, ElementType::s4}) {
      const GemmCase gemm = cancelled(portable_case(shape, {ElementType::s8, w}));
      check_all_zero(gemm);
      GemmCase off_by_one = gemm;
      for (float& bias : off_by_one.bias) bias += 1;
      const GemmResult y = off_by_one.run(portable_backend(TileSize::t32x32), OutputKind::f32);
      CHECK(std::all_of(y.f32.begin(), y.f32.end(), [](float value) { return value == 1; }));
    }
  }
}

TEST_CASE("Sums close to 2^31 neither wrap nor saturate on the device", "[cuda]") {
  for (const int k : {131071, 131056}) {
    GemmCase gemm = portable_case({2, 3, k}, {ElementType::s8, ElementType::s8});
    std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), int8_t{-128});
    std::fill(gemm.w_s8.begin(), gemm.w_s8.end(), int8_t{-128});
    check_all_zero(cancelled(gemm));
  }
}

TEST_CASE("x may begin anywhere in memory", "[cuda]") {
  GemmCase gemm = portable_case({66, 70, 64}, {ElementType::s8, ElementType::s4});
  draw_epilogue(gemm, 1);
  Backend shifted = device_backend();
  shifted.gemm = [](const GemmArgs& host) {
    gemm_on_device(host, [](const GemmArgs& aligned) {
      const size_t bytes = static_cast<size_t>(aligned.m) * static_cast<size_t>(aligned.w.k);
      std::vector<char> x(bytes);
      cuda_backend().download(x.data(), aligned.x, bytes);
      auto* block = static_cast<char*>(cuda_backend().allocate(bytes + 3));
      cuda_backend().upload(block + 3, x.data(), bytes);
      GemmArgs args = aligned;
      args.x = block + 3;
      cuda::portable::gemm(args);
      cuda_backend().release(block);
    });
  };
  const OutputKind kind = OutputKind::f32_and_s8;
  const GemmResult expected = gemm.run(portable_backend(TileSize::t64x64), kind);
  const GemmResult actual = gemm.run(shifted, kind);
  CHECK(actual.f32 == expected.f32);
  CHECK(actual.s8 == expected.s8);
}

TEST_CASE("The portable family refuses operands and outputs that it has no kernel for", "[cuda]") {
  GemmArgs args;
  args.m = 1;
  args.w.n = args.w.k = 1;
  CHECK_THROWS_AS(cuda::portable::gemm(args), std::invalid_argument);
  args.x_type = args.w.type = ElementType::s8;
  float y = 0;
  args.out.f32 = &y;
  CHECK_THROWS_AS(cuda::portable::gemm(args), std::invalid_argument);
}

TEST_CASE("Tiles are as large as keeps every multiprocessor busy", "[cuda]") {
  using cuda::portable::choose;
  CHECK(choose(16384, 4096, 132) == TileSize::t128x128);
  CHECK(choose(128, 768, 132) == TileSize::t32x32);
  CHECK(choose(1, 1, 132) == TileSize::t32x32);
  CHECK(choose(1024, 768, 132) == TileSize::t64x64);
}
