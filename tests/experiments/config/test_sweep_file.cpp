#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/experiments/config/config_folder.h"

using namespace herosweep;
using herosweep::test::ConfigFolder;

namespace {

std::string problems_of(const std::string& body) {
  const ConfigFolder folder;
  return folder.problems(folder.write_sweep(body));
}

sweep::SweepRequest request_of(const std::string& body,
                               const std::vector<std::string>& overrides = {}) {
  const ConfigFolder folder;
  return config::parse(folder.write_sweep(body), overrides);
}

}  // namespace

TEST_CASE("All mistakes of a file are reported at once, with place and hint") {
  const ConfigFolder folder;
  folder.write_sweep("");
  const auto file =
      folder.write("wrong.yaml",
                   "name: my sweep\n"
                   "model: {path: model, family: gpt}\n"
                   "tasks: [toy, toi]\n"
                   "backend: gpu\n"
                   "calibration: {batches: 010, batch_size: 0, observer: absmaxx}\n"
                   "sweep:\n"
                   "  modules:\n"
                   "    attn: [fp16, int8]\n"
                   "    fc1: [fp16, int9]\n"
                   "    attention: w8a8\n"
                   "  plans: [M4, {name: p, base: M3, layers: {\"3-1\": {fc2: fp16}}}]\n"
                   "  constraints: [\"fc3 == int8\"]\n"
                   "latency: {enabled: no, batch: [1, 8], batch: [2]}\n"
                   "latencies: 3\n");
  CHECK(folder.problems(file) ==
        "wrong.yaml:1:7: name: expected a name of up to 64 letters, digits, '.', '_' and '-', got "
        "'my sweep'\n"
        "wrong.yaml:2:30: model.family: 'gpt' is unknown; use one of bert\n"
        "wrong.yaml:3:14: tasks[1]: no task file for toi: looked for toi.yaml in tasks and "
        "../tasks beside this file, and in " HEROSWEEP_SOURCE_DIR
        "/configs/tasks\n"
        "wrong.yaml:4:10: backend: 'gpu' is unknown; use one of auto, cpu, cuda\n"
        "wrong.yaml:5:24: calibration.batches: 010 has a leading zero, which some readers take for "
        "octal; write 10\n"
        "wrong.yaml:5:41: calibration.batch_size: 0 is out of range; it must be 1 to 4096\n"
        "wrong.yaml:5:54: calibration.observer: 'absmaxx' is no value of calibration.observer, did "
        "you mean absmax?\n"
        "wrong.yaml:8:5: sweep.modules.attn: unknown key, did you mean attention?\n"
        "wrong.yaml:9:17: sweep.modules.fc1[1]: 'int9' is unknown, did you mean int8?\n"
        "wrong.yaml:10:16: sweep.modules.attention: w8a8 is not possible in attention; use one of "
        "fp16, int8\n"
        "wrong.yaml:11:11: sweep.plans[0]: plan 'M4': unknown name, did you mean M1?\n"
        "wrong.yaml:11:44: sweep.plans[1].layers.3-1: layer key '3-1': range '3-1' runs backwards\n"
        "wrong.yaml:12:17: sweep.constraints[0]: character 1: unknown name 'fc3', did you mean "
        "fc1?\n"
        "wrong.yaml:13:20: latency.enabled: expected true or false, got 'no'\n"
        "wrong.yaml:13:39: latency.batch: duplicate key, already given in line 13\n"
        "wrong.yaml:14:1: latencies: unknown key, did you mean latency?");
}

TEST_CASE("What a sweep must have is asked for") {
  const ConfigFolder folder;
  const std::string text = folder.problems(folder.write("empty.yaml", "name: x\n"));
  CHECK_THAT(text, ContainsSubstring("empty.yaml:1:1: model: is missing: "));
  CHECK_THAT(text, ContainsSubstring("empty.yaml:1:1: tasks: is missing: "));
  CHECK_THAT(text, ContainsSubstring("empty.yaml:1:1: sweep: is missing: "));
  CHECK_THAT(folder.problems(folder.path() / "nobody.yaml"), ContainsSubstring("no such file"));
  CHECK_THAT(folder.problems(folder.write("broken.yaml", "a: [\n")),
             ContainsSubstring("broken.yaml:2:1: YAML syntax"));
  CHECK_THAT(folder.problems(folder.write("nothing.yaml", "")), ContainsSubstring("is missing"));
}

TEST_CASE("Values of the wrong type are refused, not converted") {
  CHECK_THAT(problems_of("sweep: {}\nbootstrap: \"200\"\n"),
             ContainsSubstring("bootstrap: expected a whole number, got quoted text \"200\""));
  CHECK_THAT(problems_of("sweep: {}\nbootstrap: 1e3\n"),
             ContainsSubstring("expected a whole number, got '1e3'"));
  CHECK_THAT(problems_of("sweep: {}\nbootstrap: 0x100\n"), ContainsSubstring("a whole number"));
  CHECK_THAT(problems_of("sweep: {}\nbootstrap: 99999999999999999999\n"),
             ContainsSubstring("a whole number"));
  CHECK_THAT(problems_of("sweep: {}\nbootstrap: [200]\n"), ContainsSubstring("got a list"));
  CHECK_THAT(problems_of("sweep: {}\nbootstrap:\n"), ContainsSubstring("got nothing"));
  CHECK_THAT(problems_of("sweep: []\n"), ContainsSubstring("sweep: expected a map of keys"));
  CHECK_THAT(problems_of("sweep: {}\nlimits: {metric_drop: .nan}\n"),
             ContainsSubstring("expected a number, got '.nan'"));
  CHECK_THAT(problems_of("sweep: {}\nlimits: {timeout: 10}\n"),
             ContainsSubstring("limits.timeout: expected a duration such as 90s, 10m or 2h"));
  CHECK_THAT(problems_of("sweep: {}\nlimits: {timeout: 0s}\n"), ContainsSubstring("out of range"));
  CHECK_THAT(problems_of("sweep: {}\nlatency: {batch: [1, 1]}\n"),
             ContainsSubstring("latency.batch[1]: is listed twice"));
  CHECK_THAT(problems_of("sweep: {}\nlatency: {batch: []}\n"),
             ContainsSubstring("expected a list with at least one value"));
  CHECK_THAT(problems_of("sweep: {}\nlatency: {batch: [1, 2, 3], rounds: [30, 10]}\n"),
             ContainsSubstring("latency.rounds: 2 numbers of rounds for 3 batches"));
  CHECK_THAT(problems_of("sweep: {}\nlatency: {baselines: [torch-eagre]}\n"),
             ContainsSubstring("latency.baselines[0]: 'torch-eagre' is unknown, did you mean "
                               "torch-eager?"));
  CHECK_THAT(problems_of("sweep: {}\nlatency: {baselines: [{name: x}]}\n"),
             ContainsSubstring("latency.baselines[0].command: is missing"));
  CHECK_THAT(problems_of("sweep: {}\nlatency: {baselines: [fp16, fp16]}\n"),
             ContainsSubstring("latency.baselines[1]: is listed twice"));
  CHECK_THAT(problems_of("sweep: {search: {kind: annealing}}\n"),
             ContainsSubstring("sweep.search.kind"));
  CHECK_THAT(problems_of("sweep: {search: {kind: greedy, budget: {trails: 3}}}\n"),
             ContainsSubstring("did you mean trials"));
  CHECK_THAT(problems_of("sweep: {search: {kind: greedy, objectives: [drift]}}\n"),
             ContainsSubstring("two or three are traded, not 1"));
  CHECK_THAT(problems_of("sweep: {search: {kind: greedy, objectives: [drift, speed]}}\n"),
             ContainsSubstring("sweep.search.objectives[1]"));
  CHECK_THAT(problems_of("sweep: {axes: {observer: [mse]}}\n"),
             ContainsSubstring("sweep.axes.observer: unknown key"));
  CHECK_THAT(problems_of("sweep: {axes: {calibration.observer: [\"percentile(0)\"]}}\n"),
             ContainsSubstring("is no value of calibration.observer"));
  CHECK_THAT(problems_of("sweep: {}\nmodel: {path: x}\n"), ContainsSubstring("duplicate key"));
}

TEST_CASE("Words that YAML 1.1 readers turn into booleans stay words") {
  const auto request = request_of("sweep: {}\nname: no\nexport: {caption: off, label: 010}\n");
  CHECK(request.name == "no");
  CHECK(request.caption == "off");
  CHECK(request.label_prefix == "010");
}

TEST_CASE("A sweep file becomes a request") {
  const auto request = request_of(
      "calibration: {batches: 10, observer: percentile(99.5), seed: 3}\n"
      "sweep:\n"
      "  modules: {fc2: [fp16, int8]}\n"
      "  plans:\n"
      "    - M3\n"
      "    - {name: mine, base: M3, modules: {fc1: fp16}, layers: {\"0,-1\": {fc2: fp16}},\n"
      "       options: {softmax: static}}\n"
      "  axes: {residual: [int8, fp16], calibration.observer: [absmax, percentile(99.90)]}\n"
      "  per_layer: {base: M3, modules: [fc2, qkv], to: fp16}\n"
      "latency: {batch: [1, 8], rounds: [30, 10], max_seconds: 2.5}\n"
      "limits: {metric_drop: 1.0, timeout: 10m}\n");
  CHECK(request.name == "sweep");
  CHECK(request.model_name == "model");
  CHECK(request.tasks.at(0).name == "toy");
  CHECK(request.tasks.at(0).files.at("all").filename() == "toy.tsv");
  CHECK(request.tasks.at(0).files.at("all").parent_path().filename() == "tasks");
  CHECK(request.space.base.calibration.batches == 10);
  CHECK(request.space.base.calibration.percentile == 99.5);
  CHECK(request.space.base.seed == 3);
  CHECK(request.space.modules->at(5).size() == 2);
  CHECK(request.space.modules->at(0) == std::vector{quant::Scheme::fp16});
  const sweep::PlanSpec& mine = request.space.plans.at(1);
  CHECK(mine.base == "M3");
  CHECK(mine.layers.size() == 2);
  CHECK(mine.layers[0].key.empty());
  CHECK(mine.options.at(0).second == "static");
  CHECK(request.space.axes.at(1).values.at(1) == "percentile(99.9)");
  CHECK(request.space.per_layer.at(0).modules.size() == 2);
  CHECK(request.latency.rounds == std::vector<int>{30, 10});
  CHECK(request.limits.timeout_seconds == 600);
  CHECK_THAT(request.config_text, ContainsSubstring("percentile(99.5)"));
}

TEST_CASE("Plans of the list may stand on earlier ones") {
  CHECK(problems_of("sweep: {plans: [{name: a, base: M3}, {name: b, base: a}]}\n") == "");
  CHECK_THAT(problems_of("sweep: {plans: [{name: b, base: a}, {name: a, base: M3}]}\n"),
             ContainsSubstring("sweep.plans[0].base: plan 'a': unknown name"));
  CHECK_THAT(problems_of("sweep: {plans: [{name: M3}]}\n"),
             ContainsSubstring("sweep.plans[0].name: M3 is the name of another plan"));
  CHECK_THAT(problems_of("sweep: {plans: [{name: a}, {name: a}]}\n"),
             ContainsSubstring("sweep.plans[1].name: a is the name of another plan"));
  CHECK_THAT(problems_of("sweep: {plans: [{name: a, layers: {\"0\": {embedding: int8}}}]}\n"),
             ContainsSubstring("the embedding exists once"));
  CHECK_THAT(problems_of("sweep: {plans: [{base: M3}]}\n"),
             ContainsSubstring("sweep.plans[0].name: is missing"));
  CHECK_THAT(problems_of("sweep: {per_layer: {modules: [attention], to: w8a8}}\n"),
             ContainsSubstring("sweep.per_layer: w8a8 is not possible in attention"));
}

TEST_CASE("Overrides are checked like the file, and placed at their --set") {
  const ConfigFolder folder;
  const auto file = folder.write_sweep("sweep: {plans: [M3]}\n");
  CHECK(folder.problems(file, {"latency.batch=[1, 8]", "backend=cpu"}) == "");
  CHECK(folder.problems(file, {"latency.batch=0"}) ==
        "--set latency.batch: latency.batch: 0 is out of range; it must be 1 to 4096");
  CHECK(folder.problems(file, {"sweep.modules.attn=int8"}) ==
        "--set sweep.modules.attn: sweep.modules.attn: unknown key, did you mean attention?");
  const auto request = config::parse(file, {"model.path=elsewhere", "sweep.plans=[M1, M2]"});
  CHECK(request.model_directory == std::filesystem::current_path() / "elsewhere");
  CHECK(request.space.plans.size() == 2);
}

TEST_CASE("The record of a configuration reads back as the same request") {
  const ConfigFolder folder;
  const auto first =
      config::parse(folder.write_sweep("sweep: {plans: [M3], axes: {seed: [0, 1]}}\nname: a\n"),
                    {"bootstrap=500"});
  const auto again = config::parse(folder.write("again.yaml", first.config_text), {});
  CHECK(again.config_text == first.config_text);
  CHECK(again.bootstrap_resamples == 500);
  CHECK(again.space.axes.at(0).values == first.space.axes.at(0).values);
}

TEST_CASE("A search is read with its budget") {
  const auto search =
      request_of(
          "sweep: {modules: {fc2: [fp16, int8]}, search: {kind: nsga2, budget: {trials: 40, "
          "minutes: 1.5}, objectives: [value, weight_bytes, ratio], by_layer: true, population: 8, "
          "seed: 3}}\n")
          .space.search;
  CHECK(search.kind == sweep::SearchKind::nsga2);
  CHECK(search.trials == 40);
  CHECK(search.minutes == 1.5);
  CHECK(search.objectives == std::vector<std::string>{"value", "weight_bytes", "ratio"});
  CHECK(search.by_layer);
  CHECK(search.population == 8);
  CHECK(search.seed == 3);
  CHECK(request_of("sweep: {}\n").space.search.kind == sweep::SearchKind::grid);
}

TEST_CASE("The schema knows the fields that the reader knows") {
  const nlohmann::json schema = config::schema();
  const nlohmann::json& properties = schema.at("properties");
  CHECK(properties.at("calibration").at("properties").at("batches").at("default") == 100);
  CHECK(properties.at("calibration").at("properties").at("batches").at("minimum") == 1);
  CHECK(properties.at("latency").at("properties").at("batch").at("default") ==
        nlohmann::json::array({1}));
  CHECK(properties.at("limits").at("properties").at("timeout").at("default") == "10m");
  CHECK(properties.at("sweep").at("properties").at("modules").at("properties").contains("fc2"));
  CHECK(properties.at("sweep").at("additionalProperties") == false);
  for (const auto& [key, property] : properties.items()) {
    INFO(key);
    CHECK_FALSE(property.at("description").get<std::string>().empty());
  }
}
