// GEMM and layer normalisation in one kernel, against the reference's two.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device.h"
#include "tests/catch.h"
#include "tests/kernels/cuda/sm90_case.h"
#include "tests/kernels/row_outputs.h"

using namespace herosweep::kernels;
using cuda::sm90::Family;
using cuda::sm90::Tile;
using cuda::sm90::tiles;

namespace {

bool has_sm90() {
  if (cuda::device().use_sm90) return true;
  WARN("skipped: the SM90 kernels do not run on this device");
  return false;
}

/// A GEMM, a residual and a normalisation of `width` columns.
struct Case {
  Case(int rows, int width, int depth, ElementType operand, bool x_is_s8, bool residual_is_s8,
       unsigned seed)
      : gemm(sm90_case({rows, width, depth}, operand)),
        x_s8(x_is_s8),
        residual_s8(residual_is_s8) {
    draw_epilogue(gemm, x_is_s8 ? 30.0f : 0.7f, seed);
    std::mt19937 random(seed);
    const auto count = static_cast<size_t>(rows) * static_cast<size_t>(width);
    const auto columns = static_cast<size_t>(width);
    floats = normal_values(random, count, 1.0f);
    to_half(floats);
    bytes = int8_values(random, count, -127, 127);
    residual_scale = uniform_values(random, static_cast<size_t>(rows), 0.005f, 0.02f);
    feature_scale = uniform_values(random, columns, 0.002f, 0.03f);
    gamma = uniform_values(random, columns, 0.3f, 1.4f);
    beta = normal_values(random, columns, 0.3f);
    inverse_scale = uniform_values(random, columns, 20.0f, 60.0f);
  }

  struct Result {
    RowOutputs rows;
    bool gemm_nonfinite = false;
  };

  template <class Run>
  Result run(const Backend& backend, Format format, Run&& call) const {
    const int rows = gemm.shape.m, width = gemm.shape.n;
    Result result;
    std::vector<char> packed(
        backend.packed_bytes(gemm.w_type, width, gemm.shape.k));
    const void* weights = gemm.w_type == ElementType::s8
                              ? static_cast<const void*>(gemm.w_s8.data())
                              : gemm.w_f32.data();
    backend.pack(gemm.w_type, weights, width, gemm.shape.k, packed.data());
    std::vector<int8_t> between_s8(floats.size());
    std::vector<float> between(floats.size());
    GemmArgs first;
    first.m = rows;
    first.x_type = gemm.x_type;
    first.x = gemm.x_type == ElementType::s8 ? static_cast<const void*>(gemm.x_s8.data())
                                             : gemm.x_f32.data();
    first.w = {gemm.w_type, width, gemm.shape.k, packed.data()};
    first.token_scale = gemm.token_scale.data();
    first.row_scale = gemm.row_scale.data();
    first.bias = gemm.bias.data();
    if (x_s8) {
      first.out.s8 = between_s8.data();
      first.out.inverse_scale = gemm.inverse_scale.data();
    } else {
      first.out.f32 = between.data();
    }
    first.nonfinite = &result.gemm_nonfinite;
    LayerNormArgs second;
    second.rows = rows;
    second.cols = width;
    if (residual_s8)
      second.residual = {ElementType::s8, bytes.data(), residual_scale.data(), nullptr};
    else
      second.residual = {ElementType::f32, floats.data(), nullptr, nullptr};
    if (x_s8)
      second.x = {ElementType::s8, between_s8.data(), nullptr, feature_scale.data()};
    else
      second.x = {ElementType::f32, between.data(), nullptr, nullptr};
    second.gamma = gamma.data();
    second.beta = beta.data();
    second.epsilon = epsilon;
    second.out = result.rows.bind(format, rows, width, inverse_scale);
    second.nonfinite = &result.rows.nonfinite;
    call(first, second, between);
    result.rows.check_guards();
    return result;
  }

  Result expected(Format format) const {
    return run(reference_backend(), format,
               [](const GemmArgs& first, const LayerNormArgs& second, std::vector<float>& between) {
                 reference_backend().gemm(first);
                 to_half(between);
                 reference_backend().layer_norm(second);
               });
  }
  Result actual(const Tile& tile, Format format) const {
    return run(device_backend(), format,
               [&](const GemmArgs& first, const LayerNormArgs& second, std::vector<float>&) {
                 gemm_layer_norm_on_device(first, second, tile.run_norm);
               });
  }

  std::string name() const {
    return fmt::format("{}, x {}, residual {}", gemm.name(), x_s8 ? "s8" : "f16",
                       residual_s8 ? "s8" : "f16");
  }

  GemmCase gemm;
  bool x_s8, residual_s8;
  float epsilon = 1e-12f;
  std::vector<float> floats, residual_scale, feature_scale, gamma, beta, inverse_scale;
  std::vector<int8_t> bytes;
};

constexpr Format kFormats[] = {Format::f32, Format::token_wise, Format::feature_wise,
                               Format::folded, Format::f32_and_token_wise};

/// A GEMM's result that lies on a rounding boundary moves by a step of its format: rows with such
/// a value move a little. Few do, and none by more than a few steps.
constexpr double kRowsMoved = 0.05;

void check(const Case& example, const Tile& tile) {
  for (const Format format : kFormats) {
    INFO(tile.name << ", " << example.name() << ", " << format_name(format));
    const Case::Result expected = example.expected(format), actual = example.actual(tile, format);
    CHECK_FALSE(actual.gemm_nonfinite);
    CHECK_FALSE(actual.rows.nonfinite);
    int moved = 0;
    double largest = 0;
    for (size_t i = 0; i < expected.rows.f32.size(); ++i) {
      const double error = std::abs(actual.rows.f32[i] - expected.rows.f32[i]);
      moved += error > 2e-4 + storage_rounding(Storage::f16, expected.rows.f32[i]);
      largest = std::isnan(error) ? HUGE_VAL : std::max(largest, error);
    }
    CHECK(moved <= kRowsMoved * static_cast<double>(expected.rows.f32.size()));
    CHECK(largest < 0.05);
    const int differ = flips(actual.rows.s8, expected.rows.s8);
    CHECK(differ >= 0);
    CHECK(differ <= std::max<double>(2, kRowsMoved * static_cast<double>(expected.rows.s8.size())));
    for (size_t i = 0; i < expected.rows.token_scale.size(); ++i)
      CHECK(std::abs(actual.rows.token_scale[i] / expected.rows.token_scale[i] - 1) < 2e-3);
  }
}

void for_each_tile(const std::function<void(Family, const Tile&, int width)>& visit) {
  for (const Family family : cuda::sm90::norm_families())
    for (const Tile& tile : tiles(family)) visit(family, tile, tile.columns == 0 ? 768 : tile.columns);
}

}  // namespace

TEST_CASE("GEMM and layer normalisation in one kernel agree with the reference", "[cuda]") {
  if (!has_sm90()) return;
  unsigned seed = 0;
  for_each_tile([&](Family family, const Tile& tile, int width) {
    for (const int rows : {1, 7, 64, 65, 300})
      for (const int formats : {0, 1, 2, 3})
        check(Case(rows, width, 16 * (1 + rows % 13), family.operand, (formats & 1) != 0,
                   (formats & 2) != 0, ++seed),
              tile);
  });
}

TEST_CASE("A constant row, a zero row and an outlier are normalised in one kernel", "[cuda]") {
  if (!has_sm90()) return;
  for_each_tile([&](Family family, const Tile& tile, int width) {
    Case example(66, width, 64, family.operand, family.operand == ElementType::s8, true, 5);
    const auto columns = static_cast<size_t>(width);
    // Row 0 has nothing but a residual of zeros, row 1 a constant, row 2 an outlier.
    std::fill(example.gemm.bias.begin(), example.gemm.bias.end(), 0.0f);
    for (size_t row = 0; row < 3; ++row) {
      std::fill_n(example.gemm.x_s8.begin() + static_cast<long>(row * 64),
                  example.gemm.x_s8.empty() ? 0 : 64, int8_t{0});
      std::fill_n(example.gemm.x_f32.begin() + static_cast<long>(row * 64),
                  example.gemm.x_f32.empty() ? 0 : 64, 0.0f);
      std::fill_n(example.bytes.begin() + static_cast<long>(row * columns), columns,
                  static_cast<int8_t>(row == 1 ? 77 : 0));
    }
    example.bytes[2 * columns + columns / 2] = 127;
    for (const Format format : {Format::f32, Format::token_wise}) {
      INFO(tile.name << ", " << format_name(format));
      const auto expected = example.expected(format), actual = example.actual(tile, format);
      for (size_t i = 0; i < 3 * columns && format == Format::f32; ++i)
        CHECK(std::abs(actual.rows.f32[i] - expected.rows.f32[i]) <=
              2e-3 * (1 + std::abs(expected.rows.f32[i])));
      CHECK(flips(actual.rows.s8, expected.rows.s8) >= 0);
      CHECK_FALSE(actual.rows.nonfinite);
    }
  });
}

TEST_CASE("One kernel raises the flags of both", "[cuda]") {
  if (!has_sm90()) return;
  const float infinity = std::numeric_limits<float>::infinity();
  for_each_tile([&](Family family, const Tile& tile, int width) {
    INFO(tile.name);
    Case example(3, width, 64, family.operand, family.operand == ElementType::s8, false, 9);
    const auto clean = example.actual(tile, Format::token_wise);
    CHECK_FALSE(clean.gemm_nonfinite);
    CHECK_FALSE(clean.rows.nonfinite);
    Case bad_residual = example;
    bad_residual.floats[static_cast<size_t>(width) + 5] = infinity;
    const auto residual = bad_residual.actual(tile, Format::token_wise);
    CHECK_FALSE(residual.gemm_nonfinite);
    CHECK(residual.rows.nonfinite);
    Case bad_bias = example;
    bad_bias.gemm.bias[static_cast<size_t>(width) - 1] = infinity;
    CHECK(bad_bias.actual(tile, Format::token_wise).gemm_nonfinite);
    Case bad_gamma = example;
    bad_gamma.gamma[17] = std::numeric_limits<float>::quiet_NaN();
    CHECK(bad_gamma.actual(tile, Format::f32).rows.nonfinite);
    bad_gamma.gamma[17] = 1e6f;
    CHECK(bad_gamma.actual(tile, Format::f32).rows.nonfinite);
    CHECK_FALSE(bad_gamma.actual(tile, Format::token_wise).rows.nonfinite);
  });
}

TEST_CASE("What one kernel cannot do is not fused", "[cuda]") {
  alignas(16) static int8_t memory[64];
  alignas(16) static float floats[64];
  GemmArgs gemm;
  gemm.m = 1;
  gemm.x_type = ElementType::s8;
  gemm.x = memory;
  gemm.w = {ElementType::s8, 16, 16, memory};
  gemm.out.s8 = memory;
  LayerNormArgs norm;
  norm.residual = {ElementType::s8, memory, floats, nullptr};
  norm.x = {ElementType::s8, memory, nullptr, floats};
  norm.gamma = norm.beta = floats;
  norm.out.s8 = memory;
  norm.out.token_scale = floats;
  CHECK(cuda::sm90::fuses(gemm, norm));
  GemmArgs active = gemm;
  active.activation = Activation::gelu_erf;
  CHECK_FALSE(cuda::sm90::fuses(active, norm));
  LayerNormArgs changed = norm;
  changed.residual.feature_scale = floats;
  CHECK_FALSE(cuda::sm90::fuses(gemm, changed));
  changed = norm;
  changed.x.token_scale = floats;
  CHECK_FALSE(cuda::sm90::fuses(gemm, changed));
  changed = norm;
  changed.gamma = floats + 1;
  CHECK_FALSE(cuda::sm90::fuses(gemm, changed));
}
