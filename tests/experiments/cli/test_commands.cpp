#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/catch.h"
#include "tests/experiments/measure/program.h"
#include "tests/experiments/measure/tiny_world.h"

using namespace herosweep;
using test::run_program;

namespace {

constexpr char kNoLatency[] = "latency: {enabled: false}\n";

}  // namespace

TEST_CASE("usage errors end with 2 and say what to do") {
  const test::TemporaryFolder folder;
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                    {"fly"},
                                                    {"run"},
                                                    {"run", "x.yaml", "--only", "some"},
                                                    {"run", "x.yaml", "--jobs", "0"},
                                                    {"compare", "x.db", "--alpha", "2"},
                                                    {"diff", "x.yaml"},
                                                    {"export", "xlsx", "x.db"}}) {
    const auto result = run_program(arguments, folder.path());
    INFO(result.output);
    CHECK(result.exit_code == 2);
    CHECK_FALSE(result.output.empty());
  }
}

TEST_CASE("an unknown command or choice is named beside what there is") {
  const test::TemporaryFolder folder;
  CHECK_THAT(run_program({"comparre", "x.db"}, folder.path()).output,
             ContainsSubstring("no command 'comparre', did you mean compare?"));
  CHECK_THAT(run_program({"fly"}, folder.path()).output, ContainsSubstring("herosweep --help"));
  CHECK_THAT(run_program({"plan", "x.yaml", "--backend", "gpu"}, folder.path()).output,
             ContainsSubstring("--backend: gpu not in {auto,cpu,cuda}"));
  CHECK_THAT(run_program({"run", "x.yaml", "--only", "failde"}, folder.path()).output,
             ContainsSubstring("--only: failde not in {missing,failed}"));
}

TEST_CASE("help and version end with 0") {
  const test::TemporaryFolder folder;
  const auto help = run_program({"--help"}, folder.path());
  CHECK(help.exit_code == 0);
  for (const char* command :
       {"plan", "run", "status", "show", "pareto", "compare", "sensitivity", "diff", "export",
        "report", "predict", "calibrate", "doctor", "schema", "models", "completion"})
    CHECK_THAT(help.output, ContainsSubstring(command));
  CHECK(help.output.find("worker") == std::string::npos);
  const auto version = run_program({"--version"}, folder.path());
  CHECK(version.exit_code == 0);
  CHECK_THAT(version.output, ContainsSubstring("herosweep 0."));
  for (const char* fact : {"build, backends: cpu (", "cuda (", "LibTorch", "SQLite"})
    CHECK_THAT(version.output, ContainsSubstring(fact));
}

TEST_CASE("plan lists trials as text and JSON and writes nothing") {
  const test::TinyWorld world;
  const auto file =
      world.write_sweep("M1, zq-w8a816, ptq-w8a8", "latency: {batch: [1, 8], seq_len: [16]}\n");
  const auto text = run_program({"plan", file.string()}, world.folder());
  INFO(text.output);
  CHECK(text.exit_code == 0);
  CHECK_THAT(text.output, ContainsSubstring("4 plans on 2 tasks: 8 trials, 2 latency groups"));
  CHECK_THAT(text.output, ContainsSubstring("weight-only"));
  const auto json = run_program({"plan", file.string(), "--json"}, world.folder());
  const auto plan = nlohmann::json::parse(json.output);
  CHECK(plan.at("variants").size() == 4);
  CHECK(plan.at("variants")[0].at("plan") == "hero-000000");
  CHECK(plan.at("variants")[1].at("trials").size() == 2);
  CHECK(plan.at("estimate").at("memory_bytes") > 0);
  CHECK_FALSE(std::filesystem::exists("results/tiny.db"));
  CHECK_FALSE(std::filesystem::exists(world.cache()));
}

TEST_CASE("plan says which plans would fail for want of calibration rows") {
  const test::TinyWorld world;
  const auto scored = world.folder() / "tasks/scored.yaml";
  std::ofstream(scored) << "files: {test: ../toy.tsv}\ntext_columns: [0, 2]\nlabel_column: 1\n"
                           "head: cosine\nmetric: pearson\nmax_length: 16\n";
  const auto file = world.write_sweep("M1, M3", kNoLatency);
  const auto unscaled = run_program(
      {"plan", file.string(), "--set", "tasks=[" + scored.string() + "]"}, world.folder());
  CHECK_THAT(unscaled.output,
             ContainsSubstring("warning: 1 plan will fail") && ContainsSubstring("train split"));
  CHECK_THAT(unscaled.output, ContainsSubstring("3 plans on 1 task: 3 trials, 0 latency groups"));
  const auto scaled = run_program({"plan", file.string()}, world.folder());
  CHECK(scaled.output.find("warning") == std::string::npos);
}

TEST_CASE("plan's estimate of a search covers what the search may measure") {
  const test::TinyWorld world;
  const auto file = world.write_sweep("fp16", kNoLatency).string();
  const auto seconds = [&](int trials) {
    const std::string search =
        "sweep={modules: {fc1: [fp16, int8]}, search: {kind: nsga2, "
        "objectives: [drift, weight_bytes], budget: {trials: " +
        std::to_string(trials) + "}}}";
    const auto plan = run_program({"plan", file, "--json", "--set", search}, world.folder());
    INFO(plan.output);
    return nlohmann::json::parse(plan.output).at("estimate").at("accuracy_seconds").get<double>();
  };
  CHECK(seconds(40) > 1.9 * seconds(20));
}

TEST_CASE("a wrong config ends with 2 and every problem at its place") {
  const test::TinyWorld world;
  const auto file = world.write_sweep("M1, M9", "latency: {batsh: 1}\n");
  const auto result = run_program({"plan", file.string()}, world.folder());
  CHECK(result.exit_code == 2);
  CHECK_THAT(result.output, ContainsSubstring("sweep.yaml:"));
  CHECK_THAT(result.output, ContainsSubstring("batsh"));
  CHECK_THAT(result.output, ContainsSubstring("M9"));
  const auto set = run_program(
      {"plan", world.write_sweep("M1", kNoLatency).string(), "--set", "sweep.plans=[M2, M3]"},
      world.folder());
  CHECK(set.exit_code == 0);
  CHECK_THAT(set.output, ContainsSubstring("3 plans"));
}

TEST_CASE("a missing model says what a model is, and how to get the quickstart's") {
  const test::TinyWorld world;
  const auto file = world.write_sweep("M1", kNoLatency).string();
  const auto output = [&](const std::string& path) {
    return run_program({"plan", file, "--set", "model.path=" + path}, world.folder()).output;
  };
  CHECK_THAT(output("nowhere"), ContainsSubstring("Hugging Face directory"));
  CHECK(output("nowhere").find("make fetch") == std::string::npos);
  CHECK_THAT(output("models/minilm-l6"), ContainsSubstring("`make fetch` gets this one"));
}

TEST_CASE("readers of a database that is not there end with 3") {
  const test::TemporaryFolder folder;
  const std::string missing = (folder / "none.db").string();
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"status", missing},
                                                    {"show", missing, "abc"},
                                                    {"pareto", missing},
                                                    {"compare", missing, "fp16", "M3"},
                                                    {"sensitivity", missing},
                                                    {"export", "md", missing},
                                                    {"report", missing}}) {
    const auto result = run_program(arguments, folder.path());
    INFO(result.output);
    CHECK(result.exit_code == 3);
    CHECK_THAT(result.output, ContainsSubstring("none.db"));
  }
}

TEST_CASE("a finished sweep can be read in every way") {
  const test::TinyWorld world;
  const auto file =
      world.write_sweep("M1, M3", "latency: {batch: [1], seq_len: [16], rounds: 6}\n");
  const std::string database = (world.folder() / "r" / "tiny.db").string();
  const auto run = run_program({"run", file.string(), "--db", database}, world.folder());
  INFO(run.output);
  REQUIRE(run.exit_code == 0);
  const auto ok = [&](std::vector<std::string> arguments) {
    const auto result = run_program(std::move(arguments), world.folder());
    INFO(result.output);
    CHECK(result.exit_code == 0);
    return result.output;
  };
  CHECK_THAT(ok({"status", database}), ContainsSubstring("6 of 6 trials done"));
  CHECK(nlohmann::json::parse(ok({"status", database, "--json"})).is_object());
  CHECK_THAT(ok({"pareto", database, "--metrics", "drift,latency", "--task", "toy"}),
             ContainsSubstring("M3"));
  CHECK(nlohmann::json::parse(ok({"pareto", database, "--json"})).is_object());
  CHECK_THAT(ok({"compare", database, "M1", "M3", "--resamples", "100"}),
             ContainsSubstring("M3 compared with M1") && ContainsSubstring("toy-binary accuracy"));
  CHECK(nlohmann::json::parse(ok({"compare", database, "--against", "fp16", "--json"}))
            .at("comparisons")
            .size() == 10);
  CHECK_THAT(ok({"diff", file.string(), database}),
             ContainsSubstring("6 of 6 trials are in the database") &&
                 ContainsSubstring("3 of 3 latencies are in the database"));
  CHECK_THAT(ok({"diff", file.string(), database, "--set", "calibration.observer=mse"}),
             ContainsSubstring("calibration.settings.observer: absmax -> mse"));
  const auto sensitivity = run_program({"sensitivity", database}, world.folder());
  CHECK(sensitivity.exit_code == 3);
  CHECK_THAT(sensitivity.output, ContainsSubstring("sweep.per_layer"));
  CHECK_THAT(ok({"export", "latex", database, "--table", "latency"}),
             ContainsSubstring("\\toprule"));
  ok({"export", "csv", database, "-o", (world.folder() / "t.csv").string()});
  CHECK_THAT(test::read_file(world.folder() / "t.csv"), ContainsSubstring("hero-111111"));
  ok({"report", database, "-o", (world.folder() / "page.html").string()});
  CHECK_THAT(test::read_file(world.folder() / "page.html"), ContainsSubstring("<html"));
  const auto plan = nlohmann::json::parse(ok({"plan", file.string(), "--json"}));
  const std::string trial = plan.at("variants")[1].at("trials")[0].at("trial_hash");
  CHECK_THAT(ok({"show", database, trial.substr(0, 12)}), ContainsSubstring("toy"));
}

TEST_CASE("doctor says what is there and how to get what is not") {
  const test::TinyWorld world;
  const auto file = world.write_sweep("M1", kNoLatency);
  const auto good = run_program({"doctor", file.string(), "--json"}, world.folder());
  CHECK(good.exit_code == 0);
  const auto findings = nlohmann::json::parse(good.output).at("findings");
  CHECK(findings.size() >= 8);
  std::filesystem::remove(world.folder() / "toy.tsv");
  const auto bad = run_program({"doctor", file.string()}, world.folder());
  CHECK(bad.exit_code == 3);
  CHECK_THAT(bad.output, ContainsSubstring("toy.tsv"));
}

TEST_CASE("doctor says what portable kernels mean for times") {
  const test::TemporaryFolder folder;
  const auto output = folder / "output";
  // Its exit code depends on what else the machine lacks.
  test::wait_for(test::start_program({"doctor"}, {"HEROSWEEP_CPU_ISA=portable"}, output));
  CHECK_THAT(test::read_file(output), ContainsSubstring("note     kernels       cpu (portable)") &&
                                          ContainsSubstring("without AVX512-VNNI"));
}

TEST_CASE("models says what a directory holds, and what each plan of it takes") {
  const test::TinyWorld world;
  const auto json = run_program({"models", world.folder().string(), "--json"}, world.folder());
  INFO(json.output);
  REQUIRE(json.exit_code == 0);
  const auto list = nlohmann::json::parse(json.output);
  REQUIRE(list.size() == 1);
  CHECK(list[0].at("supported") == true);
  CHECK(list[0].at("layers") == 2);
  CHECK(list[0].at("tokenizer") == true);
  const auto& plans = list[0].at("plans");
  REQUIRE(plans.size() == 10);
  CHECK(plans[0].at("plan") == "hero-000000");
  CHECK(plans[3].at("plan") == "hero-111111");
  CHECK(plans[3].at("weight_bytes") < plans[0].at("weight_bytes"));

  std::filesystem::remove(world.model() / "tokenizer.json");
  const auto text = run_program({"models", world.model().string()}, world.folder());
  CHECK(text.exit_code == 0);
  CHECK_THAT(text.output, ContainsSubstring("tokenizer.json is missing"));
  CHECK_THAT(text.output, ContainsSubstring("W8A8 ZeroQuant"));

  std::ofstream(world.model() / "config.json") << R"({"model_type": "llama"})";
  const auto refused = run_program({"models", world.model().string()}, world.folder());
  CHECK(refused.exit_code == 3);
  CHECK_THAT(refused.output, ContainsSubstring("not supported"));
  CHECK_THAT(refused.output, ContainsSubstring("llama"));
  CHECK(run_program({"models", (world.folder() / "none").string()}, world.folder()).exit_code == 3);
}

TEST_CASE("the example task runs as it is, without anything compiled for it") {
  const test::TinyWorld world;
  const auto file = world.write_sweep("M1", kNoLatency);
  const std::string database = (world.folder() / "reviews.db").string();
  const auto run = run_program({"run", file.string(), "--db", database, "--set",
                                "tasks=[{name: example-reviews, max_length: 16}]"},
                               world.folder());
  INFO(run.output);
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.output, ContainsSubstring("2 of 2 trials done"));
  CHECK_THAT(run_program({"export", "csv", database}, world.folder()).output,
             ContainsSubstring("example-reviews"));
}
