#include "experiments/report/axis.h"
#include "tests/catch.h"

using namespace herosweep::report;

TEST_CASE("a linear axis holds its values and has a handful of round ticks") {
  const auto values = GENERATE(std::vector<double>{.8355, .8415}, std::vector<double>{3.9, 8.02},
                               std::vector<double>{0, 1234}, std::vector<double>{5},
                               std::vector<double>{0, 0, 0}, std::vector<double>{-3e-7, 4e-7});
  const Axis axis = linear_axis(values);
  for (const double v : values) {
    CHECK(v > axis.low);
    CHECK(v < axis.high);
    CHECK(axis.place(v, 0, 100) > 0);
    CHECK(axis.place(v, 0, 100) < 100);
  }
  CHECK(axis.ticks.size() >= 2);
  CHECK(axis.ticks.size() <= 12);
  for (size_t i = 1; i < axis.ticks.size(); ++i)
    CHECK(axis.text(axis.ticks[i]) != axis.text(axis.ticks[i - 1]));
}

TEST_CASE("a square-root axis begins at zero and spreads small values") {
  const Axis axis = square_root_axis({0, .01, .04, .25});
  CHECK(axis.place(0, 0, 100) == 0);
  CHECK(axis.place(.04, 0, 100) == Approx(2 * axis.place(.01, 0, 100)));
  CHECK(axis.place(.25, 0, 100) < 100);
  CHECK(axis.ticks.front() == 0);
  CHECK(axis.ticks.size() >= 4);
  CHECK(square_root_axis({0, 0}).place(0, 0, 100) == 0);
}

TEST_CASE("ticks are named with the decimals that tell them apart") {
  const Axis axis = linear_axis({.8355, .8415});
  CHECK(axis.text(axis.ticks[0]).size() == 5);  // steps of a thousandth
  CHECK(linear_axis({0, 1234}).text(200) == "200");
}
