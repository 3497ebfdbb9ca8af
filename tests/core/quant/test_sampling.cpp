// Expected rows are those of torch.randperm(n, generator=torch.Generator().manual_seed(seed)),
// remade in numpy from the generator's definition (a Fisher-Yates shuffle with MT19937):
//   mt = np.random.RandomState(seed & 0xffffffff)._bit_generator; r = list(range(n))
//   for i in range(n - 1): z = int(mt.random_raw()) % (n - i); r[i], r[i+z] = r[i+z], r[i]
#include <algorithm>
#include <numeric>

#include "core/quant/sampling.h"
#include "tests/catch.h"

using herosweep::quant::calibration_rows;
using Rows = std::vector<int64_t>;

TEST_CASE("rows are drawn as torch.randperm draws them", "[sampling]") {
  REQUIRE(calibration_rows(10, 0, 10) == Rows{4, 1, 7, 5, 3, 9, 0, 8, 6, 2});
  REQUIRE(calibration_rows(1000, 0, 8) == Rows{44, 37, 675, 775, 947, 209, 719, 500});
  REQUIRE(calibration_rows(8521, 1, 8) == Rows{7208, 8460, 1567, 3483, 5798, 3430, 5057, 3198});
  REQUIRE(calibration_rows(30000, 12345, 6) == Rows{690, 22825, 3281, 19698, 10624, 4207});
  REQUIRE(calibration_rows(100, (uint64_t{1} << 63) + 5, 6) == Rows{11, 22, 39, 23, 42, 30});
}

TEST_CASE("few rows, or none, are all there are", "[sampling]") {
  REQUIRE(calibration_rows(0, 0, 16).empty());
  REQUIRE(calibration_rows(100, 0, 0).empty());
  REQUIRE(calibration_rows(1, 3, 16) == Rows{0});
  REQUIRE(calibration_rows(2, 3, 2) == Rows{0, 1});
}

TEST_CASE("a larger draw begins with the smaller one and never repeats a row", "[sampling]") {
  Rows all = calibration_rows(3217, 42, 1 << 20);
  const Rows some = calibration_rows(3217, 42, 1600);
  REQUIRE(some == Rows(all.begin(), all.begin() + 1600));
  std::sort(all.begin(), all.end());
  Rows expected(3217);
  std::iota(expected.begin(), expected.end(), 0);
  REQUIRE(all == expected);
}
