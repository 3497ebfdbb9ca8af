#include <functional>
#include <nlohmann/json.hpp>

#include "experiments/sweep/identity.h"
#include "tests/catch.h"
#include "tests/experiments/sweep/request.h"

using namespace herosweep;
using namespace herosweep::test;

namespace {

/// Everything that an identity is made of.
struct Trial {
  sweep::ModelRef model = small_model();
  std::vector<tasks::TaskSpec> tasks{toy_task("toy", tasks::Metric::spearman)};
  std::vector<sweep::TaskFacts> facts{{"data", "tokenizer"}};
  sweep::Variant variant;
  std::string backend = "cpu";

  explicit Trial(const std::string& plan) { variant.plan = quant::named_plan(plan, 6); }

  std::string hash() const {
    sweep::Variant effective = variant;
    sweep::drop_ineffective_settings(effective, model.config.hidden);
    return sweep::canonical_hash(sweep::trial_identity(
        model, tasks, facts, 0, sweep::calibration_source(tasks), effective, backend));
  }
};

std::string hash_with(const std::string& plan, const std::function<void(Trial&)>& change) {
  Trial trial(plan);
  change(trial);
  return trial.hash();
}

}  // namespace

TEST_CASE("A canonical hash depends on contents, not on the order of keys") {
  const auto a = nlohmann::json::parse(R"({"b": [1, 2], "a": {"y": 1.5, "x": "t"}})");
  const auto b = nlohmann::json::parse(R"({"a": {"x": "t", "y": 1.5}, "b": [1, 2]})");
  CHECK(sweep::canonical_hash(a) == sweep::canonical_hash(b));
  CHECK(sweep::canonical_hash(nlohmann::json{{"a", 1}}) ==
        "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862");
}

TEST_CASE("Paths and names are no part of a trial's identity") {
  const std::string hash = Trial("M3").hash();
  CHECK(hash_with("M3", [](Trial& t) {
          t.model.directory = "/elsewhere";
          t.model.name = "renamed";
          t.tasks[0].name = "renamed";
          t.tasks[0].files["all"] = "/elsewhere/file.tsv";
          t.tasks[0].fetch_hint = "ask";
          t.tasks[0].source = "a paper";
          t.variant.plan.name = "renamed";
          t.variant.label = "renamed";
        }) == hash);
}

TEST_CASE("Everything that changes a number changes the identity") {
  const std::string hash = Trial("M3").hash();
  const std::vector<std::function<void(Trial&)>> changes{
      [](Trial& t) { t.model.weights_hash = "other"; },
      [](Trial& t) { t.facts[0].data_hash = "other"; },
      [](Trial& t) { t.facts[0].tokenizer_hash = "other"; },
      [](Trial& t) { t.tasks[0].head_lambda = 0.5; },
      [](Trial& t) { t.tasks[0].head = tasks::HeadKind::logistic; },
      [](Trial& t) { t.tasks[0].metric = tasks::Metric::pearson; },
      [](Trial& t) { t.tasks[0].max_length = 64; },
      [](Trial& t) { t.variant.plan.set(3, quant::Module::fc2, quant::Scheme::fp16); },
      [](Trial& t) { t.variant.plan.options.residual = quant::ResidualFormat::fp16; },
      [](Trial& t) { t.variant.plan.options.softmax = kernels::SoftmaxMode::static_range; },
      [](Trial& t) { t.variant.plan.options.range = quant::RangeKind::deepspeed; },
      [](Trial& t) { t.variant.calibration.batches = 10; },
      [](Trial& t) { t.variant.calibration.observer = quant::ObserverKind::mse; },
      [](Trial& t) { t.variant.seed = 1; },
      [](Trial& t) { t.backend = "cuda"; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    INFO("change " << i);
    CHECK(hash_with("M3", changes[i]) != hash);
  }
  CHECK(hash_with("zq-w8a8", [](Trial& t) { t.variant.plan.options.groups = -1; }) !=
        Trial("zq-w8a8").hash());
}

TEST_CASE("What has no effect leaves the identity as it is") {
  const auto no_calibration = [](Trial& t) {
    t.variant.calibration.batches = 10;
    t.variant.seed = 4;
  };
  CHECK(hash_with("M1", no_calibration) == Trial("M1").hash());
  CHECK(hash_with("M3", [](Trial& t) { t.variant.calibration.percentile = 99; }) ==
        Trial("M3").hash());
  CHECK(hash_with("M3", [](Trial& t) { t.variant.plan.options.groups = -1; }) ==
        Trial("M3").hash());
}

TEST_CASE("The text that calibrates is part of the identity of plans that are calibrated") {
  const auto calibrated_elsewhere = [](Trial& t) {
    // Tasks of another sweep: an earlier one supplies the calibration rows.
    t.tasks.push_back(t.tasks[0]);
    t.facts.push_back({"other data", "tokenizer"});
    t.tasks[0].files = {{"test", "/somewhere/test.tsv"}};
    t.tasks[0].split_rule = tasks::SplitRule::files;
  };
  const auto only_files = [](Trial& t) {
    t.tasks[0].files = {{"test", "/somewhere/test.tsv"}};
    t.tasks[0].split_rule = tasks::SplitRule::files;
  };
  CHECK(hash_with("M3", calibrated_elsewhere) != hash_with("M3", only_files));
  CHECK(hash_with("M1", calibrated_elsewhere) == hash_with("M1", only_files));
}

TEST_CASE("The identity of a known trial stays what it was") {
  // A change here makes every recorded trial run again: raise kNumericsVersion only on purpose.
  sweep::SweepRequest request = small_request();
  request.space.plans = {named("M3")};
  const sweep::Sweep sweep = expanded(request);
  CHECK(sweep.trials.at(1).trial_hash ==
        "71d1e7bc05ed7517bca1c1f7d064e084053f056703baaf0e01798b70faf331cd");
  CHECK(sweep.variants.at(1).plan_hash ==
        "92986e8f5b182859103a4e2f037447992a0e2211db214aeb036703de380997aa");
  CHECK(sweep.trials.at(1).identity().at("numerics") == sweep::kNumericsVersion);
}
