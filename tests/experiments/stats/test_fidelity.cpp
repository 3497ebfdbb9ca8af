#include <cmath>

#include "experiments/stats/stats.h"
#include "tests/catch.h"

using namespace herosweep::stats;

TEST_CASE("Drift is the mean distance in units of the twin's population deviation") {
  const std::vector<float> twin{1, 2, 3, 4};
  const std::vector<float> plan{1.5, 2, 2, 4};
  CHECK(drift(twin, plan) == Approx(0.375 / std::sqrt(1.25)).epsilon(1e-12));
  CHECK(drift(twin, twin) == 0.0);
}

TEST_CASE("Drift from a constant twin is zero or infinite") {
  const std::vector<float> constant{2, 2, 2};
  CHECK(drift(constant, constant) == 0.0);
  CHECK(std::isinf(drift(constant, std::vector<float>{2, 2, 3})));
}

TEST_CASE("Mean cosine averages over rows") {
  const std::vector<float> a{1, 0, 0, 2, 1, 1};
  const std::vector<float> b{1, 1, 0, 5, -1, -1};
  CHECK(mean_cosine(a.data(), b.data(), 3, 2) == Approx((std::sqrt(0.5) + 1.0 - 1.0) / 3.0));
}

TEST_CASE("Mean cosine of zero rows is defined") {
  const std::vector<float> zero{0, 0};
  const std::vector<float> other{1, 2};
  CHECK(mean_cosine(zero.data(), zero.data(), 1, 2) == 1.0);
  CHECK(mean_cosine(zero.data(), other.data(), 1, 2) == 0.0);
  CHECK(std::isnan(mean_cosine(zero.data(), other.data(), 0, 2)));
}
