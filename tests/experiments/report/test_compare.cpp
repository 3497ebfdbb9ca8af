#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/compare.h"
#include "experiments/report/plans.h"
#include "tests/catch.h"
#include "tests/experiments/report/paired_store.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

CompareOptions pair(const std::string& first, const std::string& second) {
  CompareOptions options;
  options.first = first;
  options.second = second;
  return options;
}

nlohmann::json compared(store::Store& store, const CompareOptions& options) {
  return nlohmann::json::parse(compare_json(store, options)).at("comparisons");
}

/// A comparison of 1000 examples whose effect lies in [low, high] with this p.
Comparison judged(Question question, double low, double high, double p_holm,
                  bool identical = false) {
  Comparison c;
  c.question = question;
  c.n = 1000;
  c.interval = {low, high};
  c.effect = (low + high) / 2;
  c.p = c.p_holm = p_holm;
  c.detectable = 0.013;
  c.identical = identical;
  judge(c, {}, 3);
  return c;
}

}  // namespace

TEST_CASE("a comparison and its tables are as approved") {
  PairedStore f(small_sweep());
  CompareOptions options = pair("fp16", "M3");
  options.settings.resamples = 1000;
  check_golden("compare.txt", compare_text(f.store, options));
  options = {};
  options.against = "fp16";
  options.settings.resamples = 1000;
  check_golden("compare-against.txt", compare_text(f.store, options));
}

TEST_CASE("verdicts follow from interval, margin and adjusted p") {
  using enum Verdict;
  CHECK(judged(Question::metric, -.004, .004, 1).verdict == same);
  CHECK(judged(Question::metric, -.004, -.001, .01).verdict == same);
  CHECK(judged(Question::metric, -.03, -.01, .01).verdict == less_accurate);
  CHECK(judged(Question::metric, .01, .03, .01).verdict == more_accurate);
  CHECK(judged(Question::metric, .01, .03, .06).verdict == unresolved);
  CHECK(judged(Question::metric, -.03, .01, 1, true).verdict == same);
  CHECK(judged(Question::drift, -.05, -.02, .01).verdict == less_drift);
  CHECK(judged(Question::drift, .02, .05, .01).verdict == more_drift);
  CHECK(judged(Question::latency, 1.5, 1.6, .001).verdict == faster);
  CHECK(judged(Question::latency, .8, .9, .001).verdict == slower);
  CHECK(judged(Question::latency, .995, 1.005, .3).verdict == same);
  CHECK(judged(Question::latency, .97, 1.05, .3).verdict == unresolved);
  CHECK(judged(Question::metric, NAN, NAN, 1).verdict == unresolved);

  CHECK(judged(Question::metric, .01, .03, .01).reason == "p = 0.01 among 3");
  CHECK(judged(Question::metric, -.03, .01, .4).reason ==
        "p = 0.4, 1000 examples show 1.30 points or more");
  CHECK(judged(Question::latency, .9, 1.1, .4).reason == "p = 0.4, 1000 rounds show 1.3 % or more");
  CHECK(name(more_accurate) == "MORE ACCURATE");
  CHECK(name(unresolved) == "UNRESOLVED");
}

TEST_CASE("a bootstrap too short for so many comparisons says so") {
  Comparison c = judged(Question::metric, .01, .03, .06);
  CompareSettings settings;
  settings.resamples = 100;
  c.p = 2.0 / 101;
  c.p_holm = 1;
  judge(c, settings, 60);
  CHECK(c.verdict == Verdict::unresolved);
  CHECK_THAT(c.reason, ContainsSubstring("more resamples"));
}

TEST_CASE("accuracy counts the examples that only one plan gets right") {
  PairedStore f(small_sweep());
  const auto all = compared(f.store, pair("fp16", "M3"));
  const auto& accuracy = all.at(0);
  const auto a = f.store.outcomes(trials_of(f.sweep, 0)[0]);
  const auto b = f.store.outcomes(trials_of(f.sweep, 3)[0]);
  int only_first = 0, only_second = 0;
  for (size_t i = 0; i < a.label.size(); ++i) {
    only_first += a.prediction[i] == a.label[i] && b.prediction[i] != b.label[i];
    only_second += a.prediction[i] != a.label[i] && b.prediction[i] == b.label[i];
  }
  CHECK(only_first + only_second > 0);
  CHECK(accuracy.at("only_first_right") == only_first);
  CHECK(accuracy.at("only_second_right") == only_second);
  CHECK(accuracy.at("effect").get<double>() == Approx((only_second - only_first) / 643.0));
  CHECK(accuracy.at("p").get<double>() == Approx(stats::sign_test(only_first, only_second)));
}

TEST_CASE("the other way round, every effect turns round") {
  PairedStore f(small_sweep());
  const auto forth = compared(f.store, pair("M1", "M3"));
  const auto back = compared(f.store, pair("M3", "M1"));
  REQUIRE(forth.size() == 6);  // metric and drift of two tasks, two batches
  for (size_t i = 0; i < forth.size(); ++i) {
    INFO(forth[i].dump());
    const double effect = forth[i].at("effect"), turned = back[i].at("effect");
    if (forth[i].at("question") == "latency")
      CHECK(effect * turned == Approx(1).margin(.01));
    else
      CHECK(effect == Approx(-turned));
    CHECK(forth[i].at("p").get<double>() == Approx(back[i].at("p").get<double>()));
  }
  CHECK(forth[0].at("question") == "accuracy");
  CHECK(forth[1].at("verdict") == "MORE DRIFT");
  CHECK(back[1].at("verdict") == "LESS DRIFT");
  CHECK(forth[4].at("verdict") == "FASTER");
  CHECK(back[4].at("verdict") == "SLOWER");
}

TEST_CASE("Holm's adjustment runs over all plans against one") {
  PairedStore f(small_sweep());
  CompareOptions options;
  options.against = "hero-000000";
  options.filter.task = "regression";
  options.settings.resamples = 500;
  const auto all = compared(f.store, options);
  CHECK(all.size() == 3 * 4);
  std::vector<double> p, adjusted;
  for (const auto& c : all) {
    if (c.at("question") == "drift") {
      // Drift is measured from FP16: there is nothing to test.
      CHECK(c.at("p").is_null());
      CHECK(c.at("verdict").is_null());
      CHECK(c.at("effect_low") > 0);
    }
    if (c.at("question") != "spearman") continue;
    p.push_back(c.at("p"));
    adjusted.push_back(c.at("p_holm"));
  }
  const auto expected = stats::holm(p);
  for (size_t i = 0; i < p.size(); ++i) CHECK(adjusted[i] == Approx(expected[i]));
}

TEST_CASE("the same seed gives the same numbers, and latencies of different runs are not paired") {
  PairedStore f(small_sweep());
  CompareOptions options = pair("M1", "M2");
  options.settings.resamples = 200;
  CHECK(compare_json(f.store, options) == compare_json(f.store, options));
  const std::string before = compare_json(f.store, options);
  options.settings.seed = 1;
  CHECK(compare_json(f.store, options) != before);

  // M1 is measured again, alone with FP16: the run that both share still decides.
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1}, 1, 50));
  const auto again = compared(f.store, options);
  CHECK(again.at(4).at("n") == 30);
  const auto other = compared(f.store, pair("fp16", "M1"));
  CHECK(other.at(4).at("n") == 50);
}

TEST_CASE("plans are found by their names, variants and hashes") {
  sweep::Sweep sweep = small_sweep();
  sweep.variants[2].plan.name = "hero-111111";
  sweep.variants[2].label = "residual=fp16";
  FilledStore f(sweep);
  const Snapshot s = load_snapshot(f.store, {});
  CHECK(plans_of(s).size() == 4);
  CHECK(find_plan(s, "fp16").is_fp16);
  CHECK(find_plan(s, "hero-110010").position == 1);
  CHECK(find_plan(s, "M3").position == 3);
  CHECK(find_plan(s, "M3 (residual=fp16)").position == 2);
  CHECK(find_plan(s, sweep.variants[1].plan_hash.substr(0, 10)).position == 1);
  CHECK_THROWS_WITH(find_plan(s, "M9"), ContainsSubstring("M9") && ContainsSubstring("M1"));
  sweep.name = "ambiguous";
  sweep.variants[3].label = "residual=int8";
  f.store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
  CHECK_THROWS_WITH(find_plan(load_snapshot(f.store, {}), "M3"),
                    ContainsSubstring("several plans"));
}

TEST_CASE("a comparison that cannot be made says why") {
  PairedStore f(small_sweep());
  CHECK_THROWS_WITH(compare_text(f.store, pair("M1", "")), ContainsSubstring("--against"));
  CompareOptions both = pair("M1", "M2");
  both.against = "fp16";
  CHECK_THROWS_WITH(compare_text(f.store, both), ContainsSubstring("--against"));
  CHECK_THROWS_WITH(compare_text(f.store, pair("M1", "hero-110010")),
                    ContainsSubstring("the same plan"));
}
