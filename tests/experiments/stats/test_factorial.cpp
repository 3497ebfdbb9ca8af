#include "experiments/stats/factorial.h"
#include "tests/catch.h"
#include "tests/experiments/stats/golden_json.h"

using namespace herosweep;
using namespace herosweep::stats;

TEST_CASE("Effects of a full factorial equal statsmodels' least squares") {
  const auto golden = test::golden_json("factorial.json");
  const int factors = golden.at("factors");
  const std::vector<double> responses = golden.at("responses");
  const std::vector<double> main = golden.at("main");
  for (int i = 0; i < factors; ++i)
    CHECK(contrast(effect_weights(factors, 1u << i), responses) ==
          Approx(main[static_cast<size_t>(i)]));
  for (const auto& pair : golden.at("interactions")) {
    const std::vector<int> which = pair.at("pair");
    const uint32_t mask = 1u << which[0] | 1u << which[1];
    CHECK(contrast(effect_weights(factors, mask), responses) ==
          Approx(pair.at("effect").get<double>()));
  }
  const std::vector<double> fit = additive_fit(responses);
  const std::vector<double> expected = golden.at("additive_fit");
  for (size_t i = 0; i < fit.size(); ++i) CHECK(fit[i] == Approx(expected[i]));
}

TEST_CASE("An additive response has its effects and no interaction") {
  const std::vector<double> responses{1, 3, 6, 8};  // 1 + 2 a + 5 b
  CHECK(contrast(effect_weights(2, 1), responses) == Approx(2));
  CHECK(contrast(effect_weights(2, 2), responses) == Approx(5));
  CHECK(contrast(effect_weights(2, 3), responses) == Approx(0).margin(1e-12));
  CHECK(additive_fit(responses)[3] == Approx(8));
}
