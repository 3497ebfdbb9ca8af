#include "core/quant/plan.h"
#include "core/quant/suggestion.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::quant;

namespace {

constexpr PlanOptions kUnusual{ResidualFormat::fp16, kernels::SoftmaxMode::static_range,
                               RangeKind::deepspeed, 8};

PlanOptions kept(const std::string& name) {
  Plan plan = named_plan(name, 2);
  plan.options = kUnusual;
  return canonical(plan).options;
}

}  // namespace

TEST_CASE("canonical drops the options that have no effect", "[plan]") {
  REQUIRE(kept("fp16") == PlanOptions{});
  const auto symmetric = RangeKind::symmetric127;
  const auto deepspeed = RangeKind::deepspeed;
  const auto rowmax = kernels::SoftmaxMode::rowmax;
  const auto fixed = kernels::SoftmaxMode::static_range;
  const auto follow = ResidualFormat::follow_reader;
  const auto fp16 = ResidualFormat::fp16;
  REQUIRE(kept("M3") == PlanOptions{fp16, fixed, deepspeed, 0});
  REQUIRE(kept("M1") == PlanOptions{fp16, rowmax, deepspeed, 0});
  // Only the embedding: layer norm reads FP, so that no residual is INT8.
  REQUIRE(kept("hero-100000") == PlanOptions{follow, rowmax, deepspeed, 0});
  REQUIRE(kept("hero-001000") == PlanOptions{follow, fixed, deepspeed, 0});
  REQUIRE(kept("hero-000101") == PlanOptions{follow, rowmax, deepspeed, 0});
  REQUIRE(kept("hero-000010") == PlanOptions{fp16, rowmax, deepspeed, 0});
  REQUIRE(kept("zq-w8a8") == PlanOptions{follow, rowmax, deepspeed, 8});
  REQUIRE(kept("ptq-w8a8") == PlanOptions{follow, rowmax, deepspeed, 0});
  REQUIRE(kept("ptq-w48a16") == PlanOptions{follow, rowmax, deepspeed, 0});
  REQUIRE(PlanOptions{}.range == symmetric);
}

TEST_CASE("one layer is enough for an option to matter", "[plan]") {
  Plan plan = named_plan("fp16", 6);
  plan.set(5, Module::attention, Scheme::int8);
  plan.options = kUnusual;
  REQUIRE(canonical(plan).options == PlanOptions{ResidualFormat::follow_reader,
                                                 kernels::SoftmaxMode::static_range,
                                                 RangeKind::deepspeed, 0});
}

TEST_CASE("canonical knows the default number of groups once it knows the model", "[plan]") {
  Plan plan = named_plan("zq-w8a8", 2);
  plan.options.groups = 24;
  REQUIRE(canonical(plan).options.groups == 24);
  REQUIRE(canonical(plan, 384).options.groups == 0);
  REQUIRE(canonical(plan, 768).options.groups == 24);
  plan.options.groups = -1;
  REQUIRE(canonical(plan, 384).options.groups == -1);
}

TEST_CASE("canonical is idempotent and keeps schemes and name", "[plan]") {
  for (const std::string& name : all_plan_names()) {
    Plan plan = named_plan(name, 2);
    plan.options = kUnusual;
    const Plan once = canonical(plan, 384);
    REQUIRE(once.options == canonical(once, 384).options);
    REQUIRE(once.layers == plan.layers);
    REQUIRE(once.name == name);
  }
}

TEST_CASE("calibration is needed exactly by static scales", "[plan]") {
  for (const std::string& name : all_plan_names()) {
    if (!name.starts_with("hero-")) continue;
    // Bits: embedding qkv attention attention_output fc1 fc2.
    const bool expected = name[7] == '1' || name[8] == '1' || name[10] == '1';
    INFO(name);
    REQUIRE(needs_calibration(named_plan(name, 2)) == expected);
    REQUIRE(execution(named_plan(name, 2)) == Execution::integer);
  }
  Plan plan = named_plan("zq-w8a8", 6);
  plan.set(5, Module::fc1, Scheme::w8a8_static);
  REQUIRE(needs_calibration(plan));
}

TEST_CASE("the observer matters to HERO's static scales, not to PTQ's", "[plan]") {
  for (const std::string& name : all_plan_names()) {
    INFO(name);
    const Plan plan = named_plan(name, 2);
    REQUIRE(reads_observer(plan) == (needs_calibration(plan) && name != "ptq-w8a8"));
  }
}

TEST_CASE("one simulated module makes the plan simulated", "[plan]") {
  Plan plan = named_plan("zq-w48a16", 6);
  plan.set(2, Module::fc1, Scheme::w16a8);
  REQUIRE(execution(plan) == Execution::simulated);
}

TEST_CASE("an illegal scheme names its place and the legal ones", "[plan]") {
  Plan plan = named_plan("M3", 6);
  plan.set(4, Module::attention, Scheme::w8a8);
  REQUIRE_THROWS_WITH(validate(plan, 384, 1536),
                      ContainsSubstring("layer 4, attention: scheme w8a8 is not possible here; "
                                        "use one of fp16, int8"));
  REQUIRE_THROWS_AS(canonical(plan), PlanError);
  plan = named_plan("M3", 6);
  plan.embedding = Scheme::w4a8;
  REQUIRE_THROWS_WITH(validate(plan, 384, 1536), ContainsSubstring("embedding: scheme w4a8"));
}

TEST_CASE("weight groups must divide every output", "[plan]") {
  Plan plan = named_plan("zq-w8a8", 2);
  REQUIRE_NOTHROW(validate(plan, 384, 1536));
  REQUIRE_THROWS_WITH(validate(plan, 100, 400), ContainsSubstring("no multiple of 16"));
  // hidden / 16 = 24 groups and 1000 rows of fc1
  REQUIRE_THROWS_WITH(validate(plan, 384, 1000),
                      ContainsSubstring("layer 0, fc1: 24 weight groups do not divide its 1000"));
  plan.options.groups = 5;
  REQUIRE_THROWS_WITH(validate(plan, 384, 1536),
                      ContainsSubstring("layer 0, qkv: 5 weight groups"));
  plan.options.groups = -1;
  REQUIRE_NOTHROW(validate(plan, 100, 1000));
  plan.options.groups = -2;
  REQUIRE_THROWS_WITH(validate(plan, 384, 1536), ContainsSubstring("groups: -2 is out of range"));
  // Row-wise and tensor-wise schemes have no groups.
  plan = named_plan("M3", 2);
  plan.options.groups = 5;
  REQUIRE_NOTHROW(validate(plan, 100, 1000));
}

TEST_CASE("an accumulator that could overflow is refused", "[plan]") {
  // 127 * 127 * 133144 = 2147479576 <= 2^31 - 1; 128 * 128 * 131072 = 2^31
  Plan plan = named_plan("M3", 1);
  REQUIRE_NOTHROW(validate(plan, 384, 133144));
  REQUIRE_THROWS_WITH(validate(plan, 384, 133145), ContainsSubstring("overflow"));
  plan.options.range = RangeKind::deepspeed;
  REQUIRE_NOTHROW(validate(plan, 384, 131071));
  REQUIRE_THROWS_WITH(validate(plan, 384, 131072), ContainsSubstring("fc2"));
  REQUIRE_NOTHROW(validate(named_plan("ptq-w48a16", 1), 384, 1 << 20));
}

TEST_CASE("edit distance and suggestions", "[plan]") {
  REQUIRE(edit_distance("kitten", "sitting") == 3);
  REQUIRE(edit_distance("", "abc") == 3);
  REQUIRE(edit_distance("INT8", "int8") == 0);
  REQUIRE(did_you_mean("attn_output", {"attention", "attention_output"}).empty());
  REQUIRE(did_you_mean("atention_output", {"attention", "attention_output"}) ==
          ", did you mean attention_output?");
  REQUIRE(did_you_mean("x", {"M1", "M2"}).empty());
  REQUIRE(did_you_mean(std::string(10000, 'a'), {"fp16"}).empty());
}
