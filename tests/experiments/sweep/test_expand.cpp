#include <algorithm>
#include <set>

#include "core/util/error.h"
#include "tests/catch.h"
#include "tests/experiments/sweep/request.h"

using namespace herosweep;
using namespace herosweep::test;

namespace {

std::vector<std::string> names_of(const sweep::Sweep& sweep) {
  std::vector<std::string> names;
  for (const auto& variant : sweep.variants) names.push_back(variant.plan.name);
  return names;
}

std::vector<std::string> labels_of(const sweep::Sweep& sweep, const std::string& plan) {
  std::vector<std::string> labels;
  for (const auto& variant : sweep.variants) {
    if (variant.plan.name == plan) labels.push_back(variant.label);
  }
  return labels;
}

std::string problem_of(const sweep::SweepRequest& request) {
  try {
    expanded(request);
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("Two schemes of every module make 64 plans, six more make 70") {
  auto request = small_request();
  use_all_modules(request.space);
  CHECK(expanded(request).variants.size() == 64);
  for (const char* name :
       {"zq-w8a8", "zq-w48a8", "zq-w48a16", "zq-w8a816", "ptq-w8a8", "ptq-w48a16"}) {
    request.space.plans.push_back(named(name));
  }
  request.tasks.push_back(toy_task("second", tasks::Metric::pearson));
  request.task_where.emplace_back("sweep.yaml:2:14: tasks[1]");
  const sweep::Sweep sweep = expanded(request);
  CHECK(sweep.variants.size() == 70);
  CHECK(sweep.trials.size() == 140);
  CHECK(sweep.dropped.empty());
  CHECK(sweep.variants.front().plan.name == "hero-000000");
  std::set<std::string> plans, trials;
  for (const auto& variant : sweep.variants) plans.insert(variant.plan_hash);
  for (const auto& trial : sweep.trials) trials.insert(trial.trial_hash);
  CHECK(plans.size() == 70);
  CHECK(trials.size() == 140);
}

TEST_CASE("The FP16 plan always runs, first, whatever constraints say") {
  auto request = small_request();
  request.space.plans = {named("M3"), named("fp16")};
  request.space.constraints.emplace_back("attention == int8");
  const sweep::Sweep sweep = expanded(request);
  CHECK(names_of(sweep) == std::vector<std::string>{"hero-000000", "hero-111111"});
  CHECK(sweep.dropped.empty());
}

TEST_CASE("An axis without effect never doubles a plan") {
  auto request = small_request();
  request.space.plans = {named("fp16"), named("M1"), named("zq-w8a8"), named("ptq-w8a8"),
                         named("M3")};
  SECTION("fp16 has no option at all") {
    request.space.axes = {{"residual", {"int8", "fp16"}},
                          {"softmax", {"rowmax", "static"}},
                          {"range", {"symmetric127", "deepspeed"}},
                          {"calibration.observer", {"absmax", "mse"}},
                          {"seed", {"0", "1", "2"}}};
    const sweep::Sweep sweep = expanded(request);
    CHECK(labels_of(sweep, "hero-000000") == std::vector<std::string>{""});
    CHECK(labels_of(sweep, "hero-111111").size() == 2 * 2 * 2 * 2 * 3);
    // M1: no calibrated scale, no INT8 softmax. zq-w8a8: nor an INT8 residual.
    CHECK(labels_of(sweep, "hero-110010").size() == 2 * 2);
    CHECK(labels_of(sweep, "zq-w8a8").size() == 2);
    REQUIRE_FALSE(sweep.dropped.empty());
    CHECK(sweep.dropped[0].plan == "hero-000000");
    CHECK(sweep.dropped[0].reason == "47 more combinations of the axes change nothing");
  }
  SECTION("momentum-averaged scales do not read the observer, but the rows") {
    request.space.axes = {{"calibration.observer", {"absmax", "mse"}}, {"seed", {"0", "1"}}};
    const sweep::Sweep sweep = expanded(request);
    CHECK(labels_of(sweep, "ptq-w8a8") == std::vector<std::string>{"", "seed=1"});
    CHECK(labels_of(sweep, "hero-111111").size() == 4);
  }
  SECTION("the default number of groups, written out, is the default") {
    request.space.axes = {{"groups", {"0", "24", "-1"}}};
    const sweep::Sweep sweep = expanded(request);
    CHECK(labels_of(sweep, "zq-w8a8") == std::vector<std::string>{"", "groups=-1"});
    CHECK(labels_of(sweep, "hero-111111") == std::vector<std::string>{""});
  }
}

TEST_CASE("Labels say what differs from the sweep's own settings") {
  auto request = small_request();
  request.space.plans = {named("M3")};
  request.space.axes = {{"residual", {"int8", "fp16"}}, {"seed", {"0", "1"}}};
  CHECK(labels_of(expanded(request), "hero-111111") ==
        std::vector<std::string>{"", "seed=1", "residual=fp16", "residual=fp16, seed=1"});
}

TEST_CASE("The label of a plan does not show axes that it ignores") {
  auto request = small_request();
  request.space.plans = {named("M1"), named("M3")};
  SECTION("whatever the values") {
    request.space.base.seed = 5;
    request.space.axes = {{"seed", {"0", "5"}}};
    CHECK(labels_of(expanded(request), "hero-110010") == std::vector<std::string>{""});
    CHECK(labels_of(expanded(request), "hero-111111") == std::vector<std::string>{"seed=0", ""});
  }
  SECTION("even if there is only one") {
    request.space.axes = {{"softmax", {"static"}}};
    CHECK(labels_of(expanded(request), "hero-110010") == std::vector<std::string>{""});
    CHECK(labels_of(expanded(request), "hero-111111") ==
          std::vector<std::string>{"softmax=static"});
  }
}

TEST_CASE("Seed and calibration of the configuration reach the plans that read them") {
  auto request = small_request();
  request.space.plans = {named("M1"), named("M3")};
  request.space.base.calibration.batches = 7;
  request.space.base.seed = 5;
  const sweep::Sweep sweep = expanded(request);
  REQUIRE(sweep.variants.size() == 3);
  CHECK(sweep.variants[1].calibration == quant::CalibrationSettings{});
  CHECK(sweep.variants[1].seed == 0);
  CHECK(sweep.variants[2].calibration.batches == 7);
  CHECK(sweep.variants[2].calibration.seed == 5);
  CHECK(sweep.variants[2].label.empty());
}

TEST_CASE("Of plans that are the same, the nicest name stays") {
  auto request = small_request();
  request.space.modules.emplace();
  request.space.modules->fill({quant::Scheme::fp16});
  using quant::Scheme;
  for (size_t m : {1, 3, 4, 5}) (*request.space.modules)[m] = {Scheme::w8a8};
  sweep::PlanSpec mine{"mine", "M3", true, {}, {}, "sweep.yaml:5:3: sweep.plans[0]"};
  request.space.plans = {mine, named("M3")};
  const sweep::Sweep sweep = expanded(request);
  CHECK(names_of(sweep) == std::vector<std::string>{"hero-000000", "zq-w8a8", "hero-111111"});
  REQUIRE(sweep.dropped.size() == 1);
  CHECK(sweep.dropped[0].plan == "mine");
  CHECK(sweep.dropped[0].reason == "the same as hero-111111");
}

TEST_CASE("Constraints drop combinations and say so") {
  auto request = small_request();
  use_all_modules(request.space);
  request.space.constraints.emplace_back("attention != int8 or attention_output == int8");
  const sweep::Sweep sweep = expanded(request);
  CHECK(sweep.variants.size() == 48);
  CHECK(sweep.dropped.size() == 16);
  CHECK(sweep.dropped[0].reason == "constraint: attention != int8 or attention_output == int8");
}

TEST_CASE("Plans of the list change layers and fix options") {
  auto request = small_request();
  sweep::PlanSpec plan{"mine", "M3", true, {}, {}, "sweep.yaml:5:3: sweep.plans[0]"};
  plan.layers.push_back({"", {{quant::Module::embedding, quant::Scheme::fp16}}, "here"});
  plan.layers.push_back({"0,-1", {{quant::Module::fc2, quant::Scheme::fp16}}, "here"});
  plan.options = {{"residual", "fp16"}};
  request.space.plans = {plan};
  request.space.axes = {{"residual", {"int8", "fp16"}}};
  const sweep::Sweep sweep = expanded(request);
  REQUIRE(names_of(sweep) == std::vector<std::string>{"hero-000000", "mine"});
  const quant::Plan& mine = sweep.variants[1].plan;
  CHECK(mine.embedding == quant::Scheme::fp16);
  CHECK(mine.scheme(0, quant::Module::fc2) == quant::Scheme::fp16);
  CHECK(mine.scheme(1, quant::Module::fc2) == quant::Scheme::int8);
  CHECK(mine.scheme(5, quant::Module::fc2) == quant::Scheme::fp16);
  CHECK(mine.options.residual == quant::ResidualFormat::fp16);
}

TEST_CASE("One layer at a time") {
  auto request = small_request();
  request.space.per_layer = {{"M3",
                              {quant::Module::fc2, quant::Module::embedding},
                              quant::Scheme::fp16,
                              "sweep.yaml:5:3: sweep.per_layer"}};
  const auto names = names_of(expanded(request));
  REQUIRE(names.size() == 1 + 1 + 6 + 1);
  CHECK(names[1] == "hero-111111");
  CHECK(names[2] == "M3/fc2@0=fp16");
  CHECK(names[7] == "M3/fc2@5=fp16");
  // The embedding exists once, so that this is a plan of the papers' grid.
  CHECK(names[8] == "hero-011111");
}

TEST_CASE("What the model cannot have is reported at its place, all at once") {
  auto request = small_request();
  sweep::PlanSpec plan{"mine", "M3", true, {}, {}, "sweep.yaml:5:3: sweep.plans[0]"};
  plan.layers.push_back({"0,11",
                         {{quant::Module::fc2, quant::Scheme::fp16}},
                         "sweep.yaml:5:20: sweep.plans[0].layers.0,11"});
  request.space.plans = {plan, named("zq-w8a8")};
  request.space.axes = {{"groups", {"7"}}};
  request.latency.seq_len = {128, 1024};
  request.tasks[0].max_length = 600;
  const std::string text = problem_of(request);
  CHECK_THAT(text, ContainsSubstring("sweep.yaml:4:10: latency.seq_len: 1024 tokens, but the model "
                                     "has 512 positions"));
  CHECK_THAT(text, ContainsSubstring("sweep.yaml:2:9: tasks[0].max_length: 600 tokens"));
  CHECK_THAT(text,
             ContainsSubstring("sweep.yaml:5:20: sweep.plans[0].layers.0,11: layer key '0,11'"));
  CHECK_THAT(text, ContainsSubstring("7 weight groups do not divide"));
}

TEST_CASE("A sweep that is far too large is refused before it is made") {
  auto request = small_request();
  use_all_modules(request.space);
  sweep::Axis seeds{"seed", {}};
  for (int i = 0; i < 5000; ++i) seeds.values.push_back(std::to_string(i));
  request.space.axes = {seeds};
  CHECK_THAT(problem_of(request), ContainsSubstring("at most 100000 can be planned"));
}

TEST_CASE("Two names of one task are refused") {
  auto request = small_request();
  request.tasks.push_back(toy_task("again", tasks::Metric::spearman));
  request.task_where.emplace_back("sweep.yaml:2:14: tasks[1]");
  CHECK(problem_of(request) ==
        "sweep.yaml:2:14: tasks[1]: is the same as task toy in all that counts; remove one");
}
