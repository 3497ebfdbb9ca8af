#include <set>

#include "kernels/cuda/gemm/tile_table.h"
#include "tests/catch.h"

using namespace herosweep::kernels;
using namespace herosweep::kernels::cuda::sm90;

namespace {

constexpr Family kBytes{ElementType::s8, ElementType::s8};
constexpr int kMultiprocessors = 132;

std::string line(const GemmSize& size, int tile, const std::string& microseconds) {
  return "s8-s8," + std::to_string(size.m) + "," + std::to_string(size.n) + "," +
         std::to_string(size.k) + "," + tiles(kBytes)[static_cast<size_t>(tile)].name + "," +
         microseconds + "\n";
}

}  // namespace

TEST_CASE("Tile names are unique, and at most 40 are compiled") {
  size_t count = 0;
  for (const Family family : families()) {
    std::set<std::string> names;
    for (const Tile& tile : tiles(family)) names.insert(tile.name);
    CHECK(names.size() == tiles(family).size());
    count += names.size();
  }
  CHECK(count <= 40);
}

TEST_CASE("A measured shape runs its fastest tile") {
  const GemmSize size{128, 768, 768};
  const auto table =
      TileTable::parse(line(size, 0, "3.0") + line(size, 7, "2.0") + line(size, 3, "2.5"), "test");
  CHECK(table.best(kBytes, size, kMultiprocessors) == 7);
}

TEST_CASE("A table keeps its shapes that were not measured again") {
  const GemmSize again{128, 768, 768}, once{256, 768, 768};
  const auto table = TileTable::parse(line(again, 0, "1.0") + line(once, 2, "1.0"), "test");
  const auto updated = table.updated({{kBytes, again, 7, 2.0}, {kBytes, again, 3, 2.5}});
  CHECK(updated.text() == "# family,m,n,k,tile,microseconds\n" + line(again, 7, "2.00") +
                              line(again, 3, "2.50") + line(once, 2, "1.00"));
}

TEST_CASE("Between measured shapes the nearer one decides") {
  const GemmSize small{128, 768, 768}, large{8192, 768, 768};
  std::string text;
  for (const int tile : {0, 8}) {
    text += line(small, tile, tile == 0 ? "3" : "7");
    text += line(large, tile, tile == 0 ? "34" : "10");
  }
  const auto table = TileTable::parse(text, "test");
  CHECK(table.best(kBytes, {160, 768, 768}, kMultiprocessors) == 0);
  CHECK(table.best(kBytes, {7000, 768, 768}, kMultiprocessors) == 8);
}

TEST_CASE("Without measurements the model chooses small tiles for few rows, large ones for many") {
  const TileTable empty({});
  for (const Family family : families()) {
    const auto& all = tiles(family);
    const Tile& few =
        all[static_cast<size_t>(empty.best(family, {64, 768, 768}, kMultiprocessors))];
    const Tile& many =
        all[static_cast<size_t>(empty.best(family, {8192, 3072, 768}, kMultiprocessors))];
    CHECK(few.m == 64);
    CHECK(many.m * many.n >= 128 * 128);
  }
}

TEST_CASE("A table reads back as it was written") {
  const std::string text = "# family,m,n,k,tile,microseconds\n" + line({1, 16, 32}, 2, "1.25");
  CHECK(TileTable::parse(text, "test").text() == text);
}

TEST_CASE("A table may name tiles that this build lacks, but not be malformed") {
  CHECK(TileTable::parse("s8-s8,1,16,16,8x8x8 c1x1 pingpong,1\nf64-f64,1,1,1,a,1\n", "test")
            .times()
            .empty());
  for (const char* malformed :
       {"s8-s8,1,16\n", "s8-s8,x,16,16,tile,1\n", "s8-s8,1,16,16,tile,-1\n"})
    CHECK_THROWS_WITH(TileTable::parse(malformed, "a.csv"), ContainsSubstring("a.csv, line 1"));
}

TEST_CASE("The embedded table is well-formed and measures every family's tiles by name") {
  const TileTable& table = TileTable::loaded();
  CHECK_FALSE(table.times().empty());
  for (const TileTime& time : table.times())
    CHECK(time.tile < static_cast<int>(tiles(time.family).size()));
}
