#include <set>

#include "core/quant/plan.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::quant;

TEST_CASE("there are 64 distinct HERO plans in bit order, then six others", "[plan]") {
  const std::vector<std::string> names = all_plan_names();
  REQUIRE(names.size() == 70);
  REQUIRE(std::set<std::string>(names.begin(), names.end()).size() == 70);
  REQUIRE(names[0] == "hero-000000");
  REQUIRE(names[1] == "hero-000001");
  REQUIRE(names[50] == "hero-110010");
  REQUIRE(names[63] == "hero-111111");
  for (const std::string& name : names) {
    const Plan plan = named_plan(name, 3);
    REQUIRE(plan.name == name);
    REQUIRE(plan.layers.size() == 3);
    REQUIRE_NOTHROW(validate(plan, 384, 1536));
    REQUIRE(hero_name(plan) == (name.starts_with("hero-") ? name : ""));
  }
}

TEST_CASE("aliases give the canonical name and the paper's modules", "[plan]") {
  REQUIRE(named_plan("fp16", 2).name == "hero-000000");
  const Plan m1 = named_plan("M1", 2);
  REQUIRE(m1.name == "hero-110010");
  for (int layer : {0, 1}) {
    REQUIRE(m1.scheme(layer, Module::embedding) == Scheme::int8);
    REQUIRE(m1.scheme(layer, Module::qkv) == Scheme::int8);
    REQUIRE(m1.scheme(layer, Module::attention) == Scheme::fp16);
    REQUIRE(m1.scheme(layer, Module::attention_output) == Scheme::fp16);
    REQUIRE(m1.scheme(layer, Module::fc1) == Scheme::int8);
    REQUIRE(m1.scheme(layer, Module::fc2) == Scheme::fp16);
  }
  REQUIRE(named_plan("M2", 2).name == "hero-111110");
  REQUIRE(named_plan("M3", 2).name == "hero-111111");
}

TEST_CASE("ZeroQuant and PTQ plans are those of the paper", "[plan]") {
  struct Expected {
    const char* name;
    Scheme qkv, attention_output, fc1, fc2;
    Execution execution;
    bool calibrated;
  };
  using enum Scheme;
  const Expected rows[] = {
      {"zq-w8a8", w8a8, w8a8, w8a8, w8a8, Execution::integer, false},
      {"zq-w48a8", w8a8, w8a8, w4a8, w4a8, Execution::integer, false},
      {"zq-w48a16", w8a16, w8a16, w4a16, w4a16, Execution::weight_only, false},
      {"zq-w8a816", w8a16, w8a8, w8a8, w8a8, Execution::weight_only, false},
      {"ptq-w8a8", w8a8_static, w8a8_static, w8a8_static, w8a8_static, Execution::integer, true},
      {"ptq-w48a16", w8a16_tensor, w8a16_tensor, w4a16_tensor, w4a16_tensor, Execution::weight_only,
       false}};
  for (const Expected& row : rows) {
    const Plan plan = named_plan(row.name, 2);
    for (int layer : {0, 1}) {
      REQUIRE(plan.scheme(layer, Module::embedding) == fp16);
      REQUIRE(plan.scheme(layer, Module::qkv) == row.qkv);
      REQUIRE(plan.scheme(layer, Module::attention) == fp16);
      REQUIRE(plan.scheme(layer, Module::attention_output) == row.attention_output);
      REQUIRE(plan.scheme(layer, Module::fc1) == row.fc1);
      REQUIRE(plan.scheme(layer, Module::fc2) == row.fc2);
    }
    REQUIRE(execution(plan) == row.execution);
    REQUIRE(needs_calibration(plan) == row.calibrated);
  }
}

TEST_CASE("tables show plans as the papers write them", "[plan]") {
  REQUIRE(display_name("hero-110010") == "M1");
  REQUIRE(display_name("hero-111111") == "M3");
  REQUIRE(display_name("hero-000000") == "fp16");
  REQUIRE(display_name("zq-w8a816") == "W8A8/16 ZeroQuant");
  REQUIRE(display_name("ptq-w48a16") == "W4/8A16 PTQ");
  REQUIRE(display_name("hero-000001") == "hero-000001");
  REQUIRE(display_name("my-plan") == "my-plan");
}

TEST_CASE("an unknown plan is refused with a suggestion", "[plan]") {
  REQUIRE_THROWS_WITH(named_plan("zq-w8a9", 2), ContainsSubstring("did you mean zq-w8a8?"));
  REQUIRE_THROWS_WITH(named_plan("m3", 2), ContainsSubstring("did you mean M3?"));
  REQUIRE_THROWS_WITH(named_plan("hero-11001", 2), ContainsSubstring("takes 6 bits"));
  REQUIRE_THROWS_WITH(named_plan("hero-110012", 2), ContainsSubstring("takes 6 bits"));
  REQUIRE_THROWS_WITH(named_plan("", 2), ContainsSubstring("known are hero-XXXXXX"));
  REQUIRE_THROWS_AS(named_plan("M1", 0), PlanError);
}

TEST_CASE("a HERO name needs uniform layers of fp16 and int8", "[plan]") {
  Plan plan = named_plan("M3", 4);
  plan.set(3, Module::fc2, Scheme::fp16);
  REQUIRE(hero_name(plan).empty());
  for (int layer = 0; layer < 3; ++layer) plan.set(layer, Module::fc2, Scheme::fp16);
  REQUIRE(hero_name(plan) == "hero-111110");
  plan.set(0, Module::embedding, Scheme::fp16);
  REQUIRE(hero_name(plan) == "hero-011110");
  plan.set(1, Module::qkv, Scheme::w8a8);
  REQUIRE(hero_name(plan).empty());
  REQUIRE_THROWS_AS(plan.set(4, Module::qkv, Scheme::int8), PlanError);
  REQUIRE_THROWS_AS(plan.set(-1, Module::qkv, Scheme::int8), PlanError);
}

TEST_CASE("layer keys", "[plan]") {
  using Layers = std::vector<int>;
  REQUIRE(parse_layer_key("0,11", 12) == Layers{0, 11});
  REQUIRE(parse_layer_key("0-3", 12) == Layers{0, 1, 2, 3});
  REQUIRE(parse_layer_key("-1", 12) == Layers{11});
  REQUIRE(parse_layer_key(" 2 , 0-1 ,-2", 6) == Layers{0, 1, 2, 4});
  REQUIRE(parse_layer_key("-3--1", 6) == Layers{3, 4, 5});
  REQUIRE(parse_layer_key("1,1,0-1", 6) == Layers{0, 1});
  for (const char* bad : {"", ",", "0,", "a", "0-", "3-1", "6", "-7", "1.5", "0..3", "99999999999",
                          "-2147483648", "0-99999999999", "+1", "--1"}) {
    INFO(bad);
    REQUIRE_THROWS_AS(parse_layer_key(bad, 6), PlanError);
  }
}
