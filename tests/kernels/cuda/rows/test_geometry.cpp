#include <set>
#include <stdexcept>
#include <tuple>

#include "kernels/cuda/rows/geometry.h"
#include "kernels/cuda/rows/layout.h"
#include "tests/catch.h"

namespace herosweep::kernels::cuda::rows {
namespace {

constexpr int kMultiprocessors = 132;

void check_covers(const Geometry& g, int rows, int cols) {
  CAPTURE(rows, cols, g.row_per_warp, g.vector, g.chunks, g.row_threads);
  REQUIRE(g.row_threads * g.vector * g.chunks >= cols);
  REQUIRE(g.row_threads % 32 == 0);
  REQUIRE(g.blocks * (g.block_threads / g.row_threads) >= rows);
  bool launched = false;
  with_layout(g, [&](auto layout) {
    using L = decltype(layout);
    launched = true;
    REQUIRE(L::kRowPerWarp == g.row_per_warp);
    REQUIRE(L::kVector == g.vector);
    REQUIRE(L::kChunks == g.chunks);
    // A layout without tests for the row's end must have no place behind it.
    if (L::kFull) REQUIRE(g.row_threads * g.vector * g.chunks == cols);
    REQUIRE(g.block_threads <= L::kBlockThreads);
  });
  REQUIRE(launched);
}

}  // namespace

TEST_CASE("row geometry holds every column once the layout is chosen, for every width") {
  std::set<std::tuple<bool, int, int>> layouts;
  for (int cols = 1; cols <= kMaxCols; ++cols) {
    for (const int rows : {1, 128, 700, 16384}) {
      for (const bool aligned : {true, false}) {
        const Geometry g = choose_geometry(rows, cols, aligned, kMultiprocessors);
        check_covers(g, rows, cols);
        const bool vectors = aligned && cols % 4 == 0;
        REQUIRE(g.vector == (vectors ? 4 : 1));
        layouts.emplace(g.row_per_warp, g.vector, g.chunks);
      }
    }
  }
  CHECK(layouts.size() == 8);  // every layout that is compiled is used
}

TEST_CASE("row geometry spreads a row over a block while there are few rows") {
  CHECK_FALSE(choose_geometry(128, 768, true, kMultiprocessors).row_per_warp);
  CHECK(choose_geometry(128, 768, true, kMultiprocessors).row_threads == 192);
  CHECK(choose_geometry(16384, 768, true, kMultiprocessors).row_per_warp);
}

TEST_CASE("row geometry refuses widths that registers do not hold") {
  CHECK_THROWS_AS(choose_geometry(1, 0, true, kMultiprocessors), std::invalid_argument);
  CHECK_THROWS_AS(choose_geometry(1, kMaxCols + 1, true, kMultiprocessors), std::invalid_argument);
}

TEST_CASE("row operands are aligned when four elements are") {
  alignas(16) char bytes[32];
  CHECK(is_aligned(bytes, ElementType::f32));
  CHECK_FALSE(is_aligned(bytes + 8, ElementType::f32));
  CHECK(is_aligned(bytes + 8, ElementType::f16));
  CHECK_FALSE(is_aligned(bytes + 4, ElementType::f16));
  CHECK(is_aligned(bytes + 4, ElementType::s8));
  CHECK_FALSE(is_aligned(bytes + 2, ElementType::s8));
  CHECK(is_aligned(nullptr, ElementType::f32));
  const Operand operand{ElementType::s8, bytes, nullptr, reinterpret_cast<const float*>(bytes + 4)};
  CHECK_FALSE(is_aligned(operand));
  Output out;
  out.f16 = bytes + 2;
  CHECK_FALSE(is_aligned(out));
}

TEST_CASE("row operators name the types that they do not take") {
  CHECK_THROWS_WITH(require_type(ElementType::f32, true, "layer norm"),
                    ContainsSubstring("layer norm") && ContainsSubstring("FP16 or INT8"));
  CHECK_THROWS_AS(require_type(ElementType::s8, false, "quantize"), std::invalid_argument);
  CHECK_NOTHROW(require_type(ElementType::s8, true, "layer norm"));
}

}  // namespace herosweep::kernels::cuda::rows
