// Every SM90 tile against the reference.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/operators.h"
#include "tests/catch.h"
#include "tests/kernels/cuda/sm90_accumulators.h"
#include "tests/kernels/cuda/sm90_case.h"

using namespace herosweep::kernels;
using cuda::sm90::families;
using cuda::sm90::Family;
using cuda::sm90::Tile;
using cuda::sm90::tiles;

namespace {

bool has_sm90() {
  if (cuda::device().use_sm90) return true;
  WARN("skipped: the SM90 kernels do not run on this device");
  return false;
}

OutputKind kind_of(Family family, bool inverse_scale = true) {
  if (family.output == ElementType::f16) return OutputKind::f32;
  return inverse_scale ? OutputKind::feature_wise : OutputKind::folded;
}

/// FP32 sums of k products of standard normals by WGMMA, which truncates: measured in FP32 ulps of
/// the sum of magnitudes, about 2k/pi.
double sum_error(const GemmCase& gemm, float scale) {
  if (gemm.x_type == ElementType::s8) return 1e-6 * scale;
  return scale * 0.64 * gemm.shape.k * std::ldexp(1.0, -21);
}

void check_against_reference(const GemmCase& gemm, Family family, OutputKind kind,
                             double error_of_sum) {
  const GemmResult expected = gemm.run(reference_backend(), kind);
  for (const Tile& tile : tiles(family)) {
    INFO(cuda::sm90::name(family) << " " << tile.name << ", " << gemm.name());
    const GemmResult actual = gemm.run(device_backend_with(tile), kind);
    CHECK(actual.nonfinite == expected.nonfinite);
    if (family.output == ElementType::s8) {
      const int count = flips(actual.s8, expected.s8);
      CHECK(count >= 0);
      CHECK(count <= allowed_flips(expected.s8.size()));
    } else {
      CHECK(worst_half_error(actual.f32, expected.f32, error_of_sum) <= 1.0);
    }
  }
}

/// Small integers, whose sums of up to 6400 products FP16 holds exactly (six sigma are 320).
GemmCase small_integers(const GemmShape& shape, ElementType operand, unsigned seed) {
  GemmCase gemm = sm90_case(shape, operand);
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> trit(-1, 1);
  for (int8_t& value : gemm.x_s8) value = static_cast<int8_t>(trit(generator));
  for (int8_t& value : gemm.w_s8) value = static_cast<int8_t>(trit(generator));
  for (float& value : gemm.x_f32) value = static_cast<float>(trit(generator));
  for (float& value : gemm.w_f32) value = static_cast<float>(trit(generator));
  return gemm;
}

/// Sums of small integers by every tile of a family, which are those of `expected`.
void check_exact(const GemmShape& shape, unsigned seed, const Backend& (*expected_of)(Family)) {
  for (const Family family : families()) {
    const GemmCase gemm = small_integers(shape, family.operand, seed++);
    const OutputKind kind = kind_of(family, false);
    const GemmResult expected = gemm.run(expected_of(family), kind);
    for (const Tile& tile : tiles(family)) {
      INFO(cuda::sm90::name(family) << " " << tile.name << ", " << gemm.name());
      const GemmResult actual = gemm.run(device_backend_with(tile), kind);
      CHECK(actual.s8 == expected.s8);
      CHECK(actual.f32 == expected.f32);
      CHECK_FALSE(actual.nonfinite);
    }
  }
}

/// The INT8 weights of `gemm` in the device's memory, packed.
void* upload_weights(const GemmCase& gemm) {
  const Backend& cuda = cuda_backend();
  std::vector<char> packed(cuda.packed_bytes(ElementType::s8, gemm.shape.n, gemm.shape.k));
  cuda.pack(ElementType::s8, gemm.w_s8.data(), gemm.shape.n, gemm.shape.k, packed.data());
  void* w = cuda.allocate(packed.size());
  cuda.upload(w, packed.data(), packed.size());
  return w;
}

}  // namespace

TEST_CASE("Every SM90 tile accumulates exactly", "[cuda]") {
  if (!has_sm90()) return;
  unsigned seed = 0;
  for (const GemmShape& shape : sm90_shapes())
    check_exact(shape, seed += 4, [](Family) -> const Backend& { return reference_backend(); });
}

TEST_CASE("Blocks of every SM90 tile go through many tiles", "[cuda]") {
  if (!has_sm90()) return;
  // A family's first tile has one tile a block; the reference would take minutes.
  const auto first = [](Family family) -> const Backend& {
    return device_backend_with(tiles(family).front());
  };
  for (const GemmShape& shape : sm90_many_tiles()) check_exact(shape, 1, first);
}

TEST_CASE("INT32 accumulators of full-range bytes are bit-identical", "[cuda]") {
  if (!has_sm90()) return;
  for (const GemmShape& shape : {GemmShape{129, 208, 2304}, {1, 16, 16}, {300, 400, 336}}) {
    const GemmCase gemm = sm90_case(shape, ElementType::s8);
    const GemmResult expected = gemm.run(reference_backend(), OutputKind::f32);
    const Backend& cuda = cuda_backend();
    const size_t bytes = expected.f32.size() * sizeof(float);
    void* x = cuda.allocate(gemm.x_s8.size());
    void* w = upload_weights(gemm);
    void* out = cuda.allocate(bytes);
    cuda.upload(x, gemm.x_s8.data(), gemm.x_s8.size());
    GemmArgs args;
    args.m = shape.m;
    args.x_type = ElementType::s8;
    args.x = x;
    args.w = {ElementType::s8, shape.n, shape.k, w};
    args.out.f32 = static_cast<float*>(out);
    cuda::sm90::run_accumulators(args);
    std::vector<float> actual(expected.f32.size());
    cuda.download(actual.data(), out, bytes);
    CHECK(actual == expected.f32);
    for (void* block : {x, w, out}) cuda.release(block);
  }
}

TEST_CASE("Every SM90 tile applies scales and bias", "[cuda]") {
  if (!has_sm90()) return;
  unsigned seed = 0;
  for (const GemmShape& shape : sm90_shapes()) {
    for (const Family family : families()) {
      GemmCase gemm = sm90_case(shape, family.operand);
      const float deviation = family.output == ElementType::s8 ? 30.0f : 3.0f;
      draw_epilogue(gemm, deviation, ++seed);
      const float scale = 1.5f * 1.5f * deviation / std::sqrt(static_cast<float>(shape.k));
      check_against_reference(gemm, family, kind_of(family), sum_error(gemm, scale));
    }
  }
}

TEST_CASE("Every SM90 tile applies both GELUs", "[cuda]") {
  if (!has_sm90()) return;
  for (const Activation activation : {Activation::gelu_erf, Activation::gelu_tanh}) {
    for (const Family family : families()) {
      GemmCase gemm = sm90_case({200, 400, 768}, family.operand);
      draw_epilogue(gemm, 3.0f, 11);
      gemm.activation = activation;
      for (float& scale : gemm.inverse_scale) scale *= 12.0f;
      const float scale = 1.5f * 1.5f * 3.0f / std::sqrt(768.0f);
      // The polynomials: 2e-7 absolute, 7e-5 of the value.
      check_against_reference(gemm, family, kind_of(family), 1.2 * sum_error(gemm, scale) + 2e-6);
    }
  }
}

TEST_CASE("The range of INT8 outputs is the caller's", "[cuda]") {
  if (!has_sm90()) return;
  for (const Int8Range& range : {Int8Range{}, kDeepSpeedRange, Int8Range{63.0f, -64, 63}}) {
    for (const ElementType operand : {ElementType::s8, ElementType::f16}) {
      GemmCase gemm = sm90_case({65, 208, 96}, operand);
      draw_epilogue(gemm, 300.0f, 5);  // most values leave the range
      gemm.range = range;
      const Family family{operand, ElementType::s8};
      check_against_reference(gemm, family, OutputKind::feature_wise, 0);
      const auto s8 = gemm.run(device_backend_with(tiles(family)[0]), OutputKind::folded).s8;
      const auto [least, most] = std::minmax_element(s8.begin(), s8.end());
      CHECK(*least == range.low);
      CHECK(*most == range.high);
    }
  }
}

TEST_CASE("Zeros stay zero, and outliers saturate", "[cuda]") {
  if (!has_sm90()) return;
  const Family family{ElementType::s8, ElementType::s8};
  GemmCase gemm = sm90_case({33, 96, 128}, ElementType::s8);
  std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), int8_t{0});
  gemm.token_scale.assign(33, 1.0f);
  check_against_reference(gemm, family, OutputKind::folded, 0);
  std::fill(gemm.x_s8.begin(), gemm.x_s8.end(), int8_t{-128});
  std::fill(gemm.w_s8.begin(), gemm.w_s8.end(), int8_t{-128});
  gemm.token_scale.assign(33, 1e30f);
  check_against_reference(gemm, family, OutputKind::folded, 0);
  gemm.bias.assign(96, -3e38f);
  check_against_reference(gemm, family, OutputKind::folded, 0);
}

TEST_CASE("What overflows or is NaN raises the flag, and nothing else does", "[cuda]") {
  if (!has_sm90()) return;
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Family family : families()) {
    for (const Tile& tile : tiles(family)) {
      INFO(cuda::sm90::name(family) << " " << tile.name);
      const Backend& backend = device_backend_with(tile);
      // One row: the other rows of the tile lie outside the matrix.
      GemmCase gemm = sm90_case({1, 48, 64}, family.operand);
      gemm.token_scale = {1e-3f};
      gemm.row_scale.assign(48, 1.0f);
      gemm.bias.assign(48, 0.0f);
      const OutputKind kind = kind_of(family, false);
      CHECK_FALSE(gemm.run(backend, kind).nonfinite);
      for (const float bad : {infinity, -infinity, nan}) {
        gemm.bias[47] = bad;
        CHECK(gemm.run(backend, kind).nonfinite);
      }
      gemm.bias[47] = family.output == ElementType::f16 ? 65519.0f : 3e38f;
      gemm.row_scale[47] = 0.0f;
      CHECK_FALSE(gemm.run(backend, kind).nonfinite);
      if (family.output == ElementType::f16) {
        gemm.bias[47] = -65520.0f;
        CHECK(gemm.run(backend, kind).nonfinite);
      }
      // Finite scales whose product overflows.
      gemm.bias[47] = 0.0f;
      gemm.token_scale = {1e30f};
      gemm.row_scale.assign(48, 0.0f);
      CHECK_FALSE(gemm.run(backend, kind).nonfinite);
      gemm.row_scale[3] = 1e30f;
      CHECK(gemm.run(backend, kind).nonfinite);
    }
  }
}

TEST_CASE("INT8 outputs agree on both sides of what needs no test for overflow", "[cuda]") {
  if (!has_sm90()) return;
  const Family family{ElementType::s8, ElementType::s8};
  for (const float factor : {1.0f, 1.001f}) {
    GemmCase gemm = sm90_case({130, 208, 64}, ElementType::s8);
    draw_epilogue(gemm, 30.0f, 3);
    gemm.token_scale[129] = std::ldexp(factor, 30);
    gemm.row_scale[5] = std::ldexp(factor, 30);
    gemm.bias[6] = std::ldexp(-factor, 60);
    gemm.inverse_scale[7] = std::ldexp(factor, 30);
    check_against_reference(gemm, family, OutputKind::feature_wise, 0);
  }
}

TEST_CASE("The finest step of a GELU's INT8 output stays within tolerance", "[cuda]") {
  if (!has_sm90()) return;
  GemmCase gemm = sm90_case({200, 400, 768}, ElementType::s8);
  draw_epilogue(gemm, 1.0f, 12);
  gemm.activation = Activation::gelu_erf;
  gemm.inverse_scale.assign(400, 127.0f / 0.17f);  // GELU's negative side alone
  check_against_reference(gemm, {ElementType::s8, ElementType::s8}, OutputKind::feature_wise, 0);
}

TEST_CASE("Random shapes and epilogues agree with the reference", "[cuda]") {
  if (!has_sm90()) return;
  std::mt19937 generator(20);
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(generator);
  };
  for (int trial = 0; trial < 300; ++trial) {
    const Family family = families()[static_cast<size_t>(draw(0, 3))];
    const GemmShape shape{draw(1, 300), 16 * draw(1, 32), 16 * draw(1, 24)};
    GemmCase gemm = sm90_case(shape, family.operand);
    const float deviation = family.output == ElementType::s8 ? 30.0f : 3.0f;
    draw_epilogue(gemm, deviation, static_cast<unsigned>(trial));
    if (draw(0, 3) == 0) gemm.token_scale.clear();
    if (draw(0, 3) == 0) gemm.bias.clear();
    gemm.activation = static_cast<Activation>(draw(0, 2));
    const bool inverse = draw(0, 1) == 1;
    const OutputKind kind = kind_of(family, inverse);
    const auto& all = tiles(family);
    const Tile& tile = all[static_cast<size_t>(draw(0, static_cast<int>(all.size()) - 1))];
    INFO(trial << ": " << cuda::sm90::name(family) << " " << tile.name << ", " << gemm.name());
    const GemmResult expected = gemm.run(reference_backend(), kind);
    const GemmResult actual = gemm.run(device_backend_with(tile), kind);
    CHECK_FALSE(actual.nonfinite);
    if (family.output == ElementType::s8) {
      const int count = flips(actual.s8, expected.s8);
      CHECK(count >= 0);
      CHECK(count <= allowed_flips(expected.s8.size()));
    } else {
      const float scale = 1.5f * 1.5f * deviation / std::sqrt(static_cast<float>(shape.k));
      CHECK(worst_half_error(actual.f32, expected.f32, 1.2 * sum_error(gemm, scale) + 2e-6) <= 1.0);
    }
  }
}

TEST_CASE("A chain of dependent launches computes what the same calls one by one do", "[cuda]") {
  if (!has_sm90()) return;
  // Each GEMM reads what the one before wrote; dependent launch overlaps them.
  constexpr int kRows = 1000, kWidth = 768, kLinks = 24;
  const Backend& cuda = cuda_backend();
  const Family family{ElementType::s8, ElementType::s8};
  const GemmCase gemm = sm90_case({kRows, kWidth, kWidth}, ElementType::s8);
  const size_t bytes = size_t{kRows} * kWidth;
  void* w = upload_weights(gemm);
  void* buffers[2] = {cuda.allocate(bytes), cuda.allocate(bytes)};
  const std::vector<float> scales(kWidth, 1.0f / (74.0f * 27.7f));
  void* scale = cuda.allocate(scales.size() * sizeof(float));
  cuda.upload(scale, scales.data(), scales.size() * sizeof(float));
  const auto link = [&](int i) {
    GemmArgs args;
    args.m = kRows;
    args.x_type = ElementType::s8;
    args.x = buffers[i % 2];
    args.w = {ElementType::s8, kWidth, kWidth, w};
    args.row_scale = static_cast<const float*>(scale);
    args.out.s8 = static_cast<int8_t*>(buffers[(i + 1) % 2]);
    args.upcoming.ranges[0] = {w, size_t{kWidth} * kWidth};
    args.upcoming.ranges[7] = {scale, scales.size() * sizeof(float) - 4};
    const auto& all = tiles(family);
    all[static_cast<size_t>(i * 5) % all.size()].run(args);
  };
  const auto start = [&] { cuda.upload(buffers[0], gemm.x_s8.data(), bytes); };
  std::vector<int8_t> expected(bytes), actual(bytes);
  start();
  for (int i = 0; i < kLinks; ++i) {
    link(i);
    cuda.download(expected.data(), buffers[(i + 1) % 2], bytes);  // waits
  }
  CHECK(std::count(expected.begin(), expected.end(), int8_t{0}) < static_cast<long>(bytes / 4));
  const auto graph = cuda.record([&] {
    for (int i = 0; i < kLinks; ++i) link(i);
  });
  for (int repeat = 0; repeat < 20; ++repeat) {
    start();
    graph->replay();
    cuda.download(actual.data(), buffers[kLinks % 2], bytes);
    CHECK(actual == expected);
  }
  for (void* block : {w, buffers[0], buffers[1], scale}) cuda.release(block);
}

TEST_CASE("SM90 kernels refuse what TMA cannot address, and too many columns", "[cuda]") {
  alignas(16) static int8_t memory[64];
  GemmArgs args;
  args.m = 1;
  args.x_type = ElementType::s8;
  args.x = memory;
  args.w = {ElementType::s8, 16, 16, memory};
  args.out.s8 = memory;
  CHECK(cuda::sm90::supports(args));
  GemmArgs changed = args;
  changed.w.k = 24;
  CHECK_FALSE(cuda::sm90::supports(changed));
  changed = args;
  changed.w.n = 8;
  CHECK_FALSE(cuda::sm90::supports(changed));
  changed = args;
  changed.w.n = cuda::kConstants + 16;  // more than there are ones for absent scales
  CHECK_FALSE(cuda::sm90::supports(changed));
  changed = args;
  changed.x = memory + 8;
  CHECK_FALSE(cuda::sm90::supports(changed));
  changed = args;
  changed.w.type = ElementType::s4;
  CHECK_FALSE(cuda::sm90::supports(changed));
  changed = args;
  changed.out.f16 = memory;  // both outputs
  CHECK_FALSE(cuda::sm90::supports(changed));
}
