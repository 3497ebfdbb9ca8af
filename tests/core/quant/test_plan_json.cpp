#include <nlohmann/json.hpp>
#include <random>

#include "core/quant/plan.h"
#include "core/util/error.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::quant;
using nlohmann::json;

namespace {

bool same_identity(const Plan& a, const Plan& b) {
  return a.embedding == b.embedding && a.layers == b.layers && a.options == b.options;
}

Plan random_plan(std::mt19937& generator) {
  const auto pick = [&](int n) { return static_cast<int>(generator() % static_cast<unsigned>(n)); };
  Plan plan;
  plan.layers.resize(1 + pick(12));
  for (int layer = 0; layer < static_cast<int>(plan.layers.size()); ++layer) {
    for (Module module : kAllModules) {
      const std::vector<Scheme> legal = legal_schemes(module);
      plan.set(layer, module, legal[pick(static_cast<int>(legal.size()))]);
    }
  }
  plan.options = {static_cast<ResidualFormat>(pick(2)), static_cast<kernels::SoftmaxMode>(pick(2)),
                  static_cast<RangeKind>(pick(2)), pick(50) - 1};
  return plan;
}

}  // namespace

TEST_CASE("the JSON of M1 is what people read in the database", "[plan][json]") {
  const json expected = json::parse(R"({
    "embedding": "int8",
    "layers": [{"qkv": "int8", "attention": "fp16", "attention_output": "fp16", "fc1": "int8", "fc2": "fp16"}],
    "options": {"residual": "int8", "softmax": "rowmax", "range": "symmetric127", "groups": 0}})");
  REQUIRE(to_json(named_plan("M1", 1)) == expected);
  REQUIRE(plan_from_json(expected).name == "hero-110010");
}

TEST_CASE("named plans come back from their JSON and differ in it", "[plan][json]") {
  std::vector<std::string> texts;
  for (const std::string& name : all_plan_names()) {
    const Plan plan = named_plan(name, 3);
    REQUIRE(same_identity(plan_from_json(to_json(plan)), plan));
    texts.push_back(to_json(plan).dump());
  }
  std::sort(texts.begin(), texts.end());
  REQUIRE(std::adjacent_find(texts.begin(), texts.end()) == texts.end());
}

TEST_CASE("any legal plan survives a round trip through text", "[plan][json]") {
  std::mt19937 generator(20240501);
  for (int trial = 0; trial < 300; ++trial) {
    const Plan plan = random_plan(generator);
    REQUIRE(same_identity(plan_from_json(json::parse(to_json(plan).dump())), plan));
  }
}

TEST_CASE("the name is no part of the JSON", "[plan][json]") {
  Plan plan = named_plan("M2", 2);
  plan.name = "mine";
  REQUIRE(to_json(plan) == to_json(named_plan("M2", 2)));
}

TEST_CASE("hostile plan JSON is refused with its place", "[plan][json]") {
  const json good = to_json(named_plan("M3", 2));
  const auto message = [&](const char* pointer, const json& value) {
    json bad = good;
    bad[json::json_pointer(pointer)] = value;
    try {
      plan_from_json(bad);
    } catch (const PlanError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  REQUIRE_THAT(message("/embedding", "w8a8"), ContainsSubstring("embedding: impossible scheme"));
  REQUIRE_THAT(message("/embedding", 8), ContainsSubstring("expected a word, got number"));
  REQUIRE_THAT(message("/embedding", "in8"), ContainsSubstring("did you mean int8?"));
  REQUIRE_THAT(message("/layers", json::array()), ContainsSubstring("0 layers"));
  REQUIRE_THAT(message("/layers", json::object()), ContainsSubstring("expected an array"));
  REQUIRE_THAT(message("/layers", json::array({nullptr})), ContainsSubstring("layers[0]"));
  REQUIRE_THAT(message("/layers", json(std::vector<int>(5000))), ContainsSubstring("5000 layers"));
  REQUIRE_THAT(message("/layers/1/fc3", "int8"), ContainsSubstring("layers[1]: unknown key 'fc3'"));
  REQUIRE_THAT(message("/layers/1/embedding", "int8"), ContainsSubstring("unknown key"));
  REQUIRE_THAT(message("/layers/1/attention", "w4a8"), ContainsSubstring("layers[1].attention"));
  REQUIRE_THAT(message("/name", "x"), ContainsSubstring("unknown key 'name'"));
  REQUIRE_THAT(message("/options/softmax", "Static"), ContainsSubstring("rowmax, static"));
  REQUIRE_THAT(message("/options/range", nullptr), ContainsSubstring("options.range"));
  const json no_groups[] = {1.0,        -2,
                            "4",        true,
                            nullptr,    18446744073709551615u,
                            9000000000, std::numeric_limits<int64_t>::min()};
  for (const json& groups : no_groups) {
    INFO(groups.dump());
    REQUIRE_THAT(message("/options/groups", groups), ContainsSubstring("options.groups"));
  }
  for (const char* text : {"null", "[]", "1", "\"M3\"", "{}"}) {
    REQUIRE_THROWS_AS(plan_from_json(json::parse(text)), PlanError);
  }
}

TEST_CASE("every key of a plan is required", "[plan][json]") {
  const json good = to_json(named_plan("M3", 1));
  for (const char* pointer : {"/embedding", "/layers", "/options", "/layers/0/qkv", "/layers/0/fc2",
                              "/options/groups", "/options/residual"}) {
    json bad = good;
    const json::json_pointer place(pointer);
    bad[place.parent_pointer()].erase(place.back());
    INFO(pointer);
    REQUIRE_THROWS_WITH(plan_from_json(bad),
                        ContainsSubstring("'" + place.back() + "' is missing"));
  }
}
