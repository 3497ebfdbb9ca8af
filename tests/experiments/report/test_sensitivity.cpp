#include <cmath>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/page.h"
#include "experiments/report/sensitivity.h"
#include "experiments/report/sensitivity_pictures.h"
#include "tests/catch.h"
#include "tests/experiments/report/paired_store.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

SensitivityOptions only(std::vector<std::string> metrics) {
  SensitivityOptions options;
  options.metrics = std::move(metrics);
  options.filter.task = "binary";
  options.filter.batch = 1;
  options.resamples = 200;
  return options;
}

Sensitivity analysed(store::Store& store, const SensitivityOptions& options) {
  return analyse_sensitivity(store, load_snapshot(store, options.filter), options);
}

/// M3 and fp16 with one fc2 of one layer the other way, and one whole layer; two layers.
sweep::Sweep layered_sweep() {
  sweep::Sweep sweep = small_sweep();
  const auto add = [&](int base, int layer, const std::vector<quant::Module>& modules,
                       quant::Scheme to) {
    sweep::Variant variant = sweep.variants[static_cast<size_t>(base)];
    for (const quant::Module module : modules) variant.plan.set(layer, module, to);
    variant.plan.name = "variant-" + std::to_string(sweep.variants.size());
    variant.plan_hash = sweep::canonical_hash({{"plan", variant.plan.name}});
    for (const tasks::TaskSpec& task : sweep.tasks)
      sweep.trials.push_back(
          {sweep::canonical_hash({{"plan", variant.plan_hash}, {"task", task.name}}), task.name,
           static_cast<int>(sweep.variants.size()), "{}"});
    sweep.variants.push_back(variant);
  };
  using enum quant::Module;
  for (const int layer : {0, 1}) add(3, layer, {fc2}, quant::Scheme::fp16);
  add(0, 1, {fc2}, quant::Scheme::int8);
  add(0, 0, {qkv, attention, attention_output, fc1, fc2}, quant::Scheme::int8);
  add(3, 0, {fc1, fc2}, quant::Scheme::fp16);  // two modules are no spot of the map
  return sweep;
}

}  // namespace

TEST_CASE("the sensitivity of a full factorial is as approved") {
  PairedStore f(full_sweep());
  SensitivityOptions options = only({"drift", "value", "latency", "weight_bytes"});
  check_golden("sensitivity.txt", sensitivity_text(f.store, options));
}

TEST_CASE("effects are means over the plans that differ by the module") {
  PairedStore f(full_sweep());
  const Sensitivity s = analysed(f.store, only({"drift"}));
  REQUIRE(s.responses.size() == 1);
  const ResponseSensitivity& drift = s.responses[0];
  CHECK(drift.factors.size() == 6);
  CHECK(drift.interactions.size() == 15);
  const auto y = [&](uint32_t bits) {
    return drift.response.value[static_cast<size_t>(s.plans.uniform(bits))];
  };
  constexpr uint32_t kFc2 = 1u << 5;
  double sum = 0;
  for (uint32_t bits = 0; bits < kFc2; ++bits) sum += y(bits | kFc2) - y(bits);
  const ModuleEffects& fc2 = drift.modules[5];
  CHECK(fc2.module == quant::Module::fc2);
  CHECK(fc2.main->value == Approx(sum / 32));
  CHECK(fc2.main->interval->low < fc2.main->value);
  CHECK(fc2.main->interval->high > fc2.main->value);
  CHECK(fc2.alone_int8->value == Approx(y(kFc2) - y(0)));
  CHECK(fc2.alone_fp16->value == Approx(y(63 & ~kFc2) - y(63)));
  // Independent noises add in squares, so every module adds less to a plan that has others.
  CHECK(fc2.main->value < fc2.alone_int8->value);
  CHECK(drift.interactions.back().effect.value < 0);
  CHECK(drift.additive->plans == 57);
  CHECK(drift.additive->worst[0].predicted > drift.additive->worst[0].actual);
  CHECK(drift.additive->worst[0].beyond_noise);
  CHECK(*drift.explained > .8);
  CHECK(*drift.explained < 1);
}

TEST_CASE("an additive quantity is explained and predicted without error") {
  PairedStore f(full_sweep());
  const Sensitivity s = analysed(f.store, only({"weight_bytes"}));
  const ResponseSensitivity& weights = s.responses.at(0);
  CHECK(*weights.explained == Approx(1));
  CHECK(weights.additive->largest_error == 0);
  CHECK(weights.additive->beyond_noise == 0);
  for (const Interaction& i : weights.interactions) CHECK(i.effect.value == 0);
  CHECK_FALSE(weights.modules[0].main->interval.has_value());
}

TEST_CASE("time effects are shares of FP16 in the same round") {
  PairedStore f(full_sweep());
  const Sensitivity s = analysed(f.store, only({"latency"}));
  const ResponseSensitivity& time = s.responses.at(0);
  // The synthetic fc2 saves 15 % of a pass, with jitter of 0.4 % and a clock that drifts by 2 %.
  CHECK(time.modules[5].main->value == Approx(-15).margin(.5));
  CHECK(time.modules[5].main->interval->high < -14);
  CHECK(time.modules[5].alone_int8->value == Approx(-15).margin(1));
}

TEST_CASE("without a factorial modules are looked at one at a time") {
  sweep::Sweep sweep = full_sweep();
  std::erase_if(sweep.variants, [](const sweep::Variant& v) {
    const std::string& name = v.plan.name;
    return name != "hero-000000" && name != "hero-000001" && name != "hero-111111" &&
           name != "hero-111110" && name != "hero-101111" && name != "hero-010001";
  });
  sweep.trials.clear();
  for (size_t v = 0; v < sweep.variants.size(); ++v)
    for (const tasks::TaskSpec& task : sweep.tasks)
      sweep.trials.push_back(
          {sweep::canonical_hash({{"p", sweep.variants[v].plan_hash}, {"t", task.name}}), task.name,
           static_cast<int>(v), "{}"});
  PairedStore f(sweep);
  const Sensitivity s = analysed(f.store, only({"drift"}));
  const ResponseSensitivity& drift = s.responses.at(0);
  CHECK(drift.factors.size() < 2);
  CHECK(drift.interactions.empty());
  CHECK_FALSE(drift.explained.has_value());
  REQUIRE(drift.modules.size() == 2);
  CHECK(drift.modules[0].module == quant::Module::qkv);
  CHECK_FALSE(drift.modules[0].alone_int8.has_value());
  CHECK(drift.modules[0].alone_fp16->value < 0);
  CHECK(drift.modules[1].alone_int8->value > 0);
  CHECK(drift.modules[1].alone_fp16->value < 0);
  // qkv was never INT8 alone, so nothing can be added up.
  CHECK_FALSE(drift.additive.has_value());
}

TEST_CASE("a map holds the modules and layers that were changed one at a time") {
  PairedStore f(layered_sweep());
  const SensitivityOptions options = only({"drift"});
  const Sensitivity s = analysed(f.store, options);
  const auto& maps = s.responses.at(0).layer_maps;
  // With two layers, fc2 FP16 in one of M3's is fc2 INT8 in the other of M2's.
  REQUIRE(maps.size() == 3);
  CHECK(maps[0].base == "fp16");
  CHECK(maps[0].to == quant::Scheme::int8);
  REQUIRE(maps[0].rows.size() == 2);
  CHECK(maps[0].rows[0].name == "fc2");
  CHECK_FALSE(maps[0].rows[0].layers[0].has_value());
  CHECK(maps[0].rows[0].layers[1]->value > 0);
  CHECK(maps[0].rows[1].name == "whole layer");
  CHECK(maps[0].rows[1].layers[0]->value > maps[0].rows[0].layers[1]->value);
  CHECK(maps[1].base == "M2");
  CHECK(maps[2].base == "M3");
  REQUIRE(maps[2].rows.size() == 1);
  CHECK(maps[2].rows[0].layers[0]->value < 0);
  CHECK(maps[2].rows[0].layers[1]->interval->high < 0);
  check_golden("sensitivity-layers.txt", sensitivity_text(f.store, options));
  const auto json = nlohmann::json::parse(sensitivity_json(f.store, options));
  CHECK(json.at("responses")[0].at("layer_maps").size() == 3);
  CHECK(json.at("responses")[0].at("layer_maps")[0].at("rows")[0].at("layers")[0].is_null());
}

TEST_CASE("a sweep or a wish that allows no analysis says why") {
  sweep::Sweep two = small_sweep();
  PairedStore f(two);
  CHECK_THROWS_WITH(analysed(f.store, only({"speed"})), ContainsSubstring("weight_bytes"));
  SensitivityOptions options = only({"drift"});
  options.variant = "residual=fp16";
  CHECK_THROWS_WITH(analysed(f.store, options), ContainsSubstring("residual=fp16"));
  two.name = "two";
  two.variants.erase(two.variants.begin() + 1, two.variants.begin() + 3);
  two.trials.erase(two.trials.begin() + 2, two.trials.begin() + 6);
  for (size_t t = 2; t < 4; ++t) two.trials[t].variant = 1;
  f.store.begin_sweep(two, nlohmann::json::parse(environment_text()));
  CHECK_THROWS_WITH(analysed(f.store, only({"drift"})), ContainsSubstring("sweep.per_layer"));
}

TEST_CASE("tables of effects are as approved") {
  PairedStore f(full_sweep());
  const Filter filter{.task = "binary", .batch = 1};
  check_golden("sensitivity.tex",
               export_table(f.store, TableKind::sensitivity, Format::latex, filter));
  check_golden("sensitivity.csv",
               export_table(f.store, TableKind::sensitivity, Format::csv, filter));
}

TEST_CASE("heat maps hold main effects, interactions and layers") {
  PairedStore factorial(full_sweep());
  const ResponseSensitivity drift = analysed(factorial.store, only({"drift"})).responses.at(0);
  const HeatMap pairs = interaction_map(drift).value();
  REQUIRE(pairs.values.size() == drift.factors.size());
  CHECK(pairs.values[5][5] == drift.modules[5].main->value);
  CHECK(pairs.values[0][1] == pairs.values[1][0]);
  CHECK(pairs.values[0][1] == drift.interactions.at(0).effect.value);

  PairedStore layered(layered_sweep());
  const ResponseSensitivity by_layer = analysed(layered.store, only({"drift"})).responses.at(0);
  CHECK_FALSE(interaction_map(by_layer).has_value());
  const LayerMap& map = by_layer.layer_maps.at(0);
  const HeatMap layers = layer_heat_map(by_layer.response, map);
  CHECK(layers.columns == std::vector<std::string>{"0", "1"});
  CHECK(layers.values[0][0].has_value() == map.rows[0].layers[0].has_value());
}

TEST_CASE("the page shows effects where there are some") {
  PairedStore factorial(full_sweep());
  CHECK_THAT(report_page(factorial.store, {}),
             ContainsSubstring("main effects (diagonal) and pairwise interactions"));
  PairedStore few(small_sweep());
  CHECK(sensitivity_maps(few.store, load_snapshot(few.store, {})).size() <= 2);
}
