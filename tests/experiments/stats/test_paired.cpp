// Against SciPy, statsmodels and scikit-learn: tests/golden/make_stats_golden.py.
#include <cmath>

#include "experiments/stats/paired.h"
#include "experiments/tasks/metrics.h"
#include "tests/catch.h"
#include "tests/experiments/stats/golden_json.h"

using namespace herosweep;
using namespace herosweep::stats;

namespace {

const nlohmann::json& golden() {
  static const nlohmann::json content = test::golden_json("paired.json");
  return content;
}

}  // namespace

TEST_CASE("The sign test equals statsmodels' exact McNemar test") {
  for (const auto& c : golden().at("mcnemar"))
    CHECK(sign_test(c.at("first"), c.at("second")) == Approx(c.at("p").get<double>()));
}

TEST_CASE("Normal quantiles equal SciPy's") {
  for (const auto& c : golden().at("quantiles"))
    CHECK(normal_quantile(c.at("p")) == Approx(c.at("z").get<double>()).margin(1e-12));
}

TEST_CASE("Newcombe's interval has the limits that Wilson's of statsmodels give") {
  for (const auto& c : golden().at("newcombe")) {
    const std::vector<int64_t> t = c.at("table");
    const Interval interval =
        paired_proportion_interval(t[0], t[1], t[2], t[3], c.at("confidence"));
    INFO(c.dump());
    CHECK(interval.low == Approx(c.at("low").get<double>()).margin(1e-12));
    CHECK(interval.high == Approx(c.at("high").get<double>()).margin(1e-12));
  }
  // The example of Newcombe's paper: 36 of 50 both ways, 12 and 2 one way; 0.0569 to 0.3404.
  const Interval published = paired_proportion_interval(36, 2, 12, 0);
  CHECK(published.low == Approx(0.0569).margin(5e-5));
  CHECK(published.high == Approx(0.3404).margin(5e-5));
}

TEST_CASE("Holm's adjustment equals statsmodels'") {
  for (const auto& c : golden().at("holm")) {
    const std::vector<double> adjusted = holm(c.at("p").get<std::vector<double>>());
    const std::vector<double> expected = c.at("adjusted");
    REQUIRE(adjusted.size() == expected.size());
    for (size_t i = 0; i < adjusted.size(); ++i) CHECK(adjusted[i] == Approx(expected[i]));
  }
  CHECK(holm({}).empty());
}

TEST_CASE("The detectable difference solves Connor's equation and has the promised power") {
  for (const auto& c : golden().at("detectable")) {
    CHECK(detectable_proportion_difference(c.at("n"), c.at("discordant"), 0.05) ==
          Approx(c.at("difference").get<double>()).epsilon(1e-6));
    // The exact test is a little weaker than the normal one that the equation is about.
    CHECK(c.at("exact_power").get<double>() == Approx(0.8).margin(0.03));
  }
  // Without any discordant example six that go one way are the least that p < 0.05 needs.
  CHECK(detectable_proportion_difference(600, 0, 0.05) >= 6.0 / 600);
  CHECK(sign_test(6, 0) < 0.05);
  CHECK(sign_test(5, 0) > 0.05);
  CHECK(detectable_proportion_difference(5, 0, 0.05) == 1);
  CHECK(detectable_difference(2, 0.05) == Approx(2 * (1.959964 + 0.841621)).epsilon(1e-6));
}

TEST_CASE("The paired bootstrap agrees with SciPy's within the noise of resampling") {
  constexpr int kResamples = 10'000;
  for (const auto& c : golden().at("bootstrap")) {
    const std::string name = c.at("metric");
    INFO(name);
    const std::vector<float> label = c.at("label"), a = c.at("first"), b = c.at("second");
    const tasks::Metric metric = tasks::metric_from_name(name);
    const int n = static_cast<int>(label.size());
    const tasks::CountedMetric first(metric, a, label), second(metric, b, label);
    const std::vector<int> once(label.size(), 1);
    const Difference d = bootstrap_difference(
        first(once), second(once), bootstrap_statistics(n, kResamples, 3, std::cref(first)),
        bootstrap_statistics(n, kResamples, 3, std::cref(second)));
    CHECK(d.difference == Approx(c.at("difference").get<double>()).margin(1e-6));
    // A 2.5 % quantile of 10,000 draws is known to some 3 % of the standard error, on both sides.
    const double error = c.at("standard_error");
    CHECK(d.standard_error == Approx(error).epsilon(0.04));
    CHECK(d.interval.low == Approx(c.at("low").get<double>()).margin(0.15 * error));
    CHECK(d.interval.high == Approx(c.at("high").get<double>()).margin(0.15 * error));
    const double p = c.at("p");
    CHECK(d.p == Approx(p).margin(5 * std::sqrt(2 * p * (1 - p) / kResamples) + 3e-4));
  }
}

TEST_CASE("Equal resamples leave nothing to tell apart, and undefined ones are left out") {
  const std::vector<double> values{0.1, 0.2, 0.3, NAN};
  const Difference same = bootstrap_difference(0.2, 0.2, values, values);
  CHECK(same.p == 1);
  CHECK(same.interval.low == 0);
  CHECK(same.interval.high == 0);
  const std::vector<double> higher{1.1, 1.2, 1.3, 9};
  const Difference better = bootstrap_difference(0.2, 1.2, values, higher);
  CHECK(better.interval.high == Approx(1.0));
  CHECK(better.p == Approx(0.5));  // 2 (0 + 1) / (3 + 1)
  const std::vector<double> none{NAN, NAN};
  CHECK(std::isnan(bootstrap_difference(0, 0, none, none).interval.low));
}
