#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/model/safetensors.h"
#include "tests/catch.h"
#include "tests/experiments/measure/program.h"
#include "tests/experiments/measure/tiny_world.h"

using namespace herosweep;
using test::run_program;

namespace {

std::vector<nlohmann::json> json_lines(const std::filesystem::path& file) {
  std::istringstream in(test::read_file(file));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

/// A world with two lines to predict on; the second has the text in column 1.
struct Input {
  test::TinyWorld world;
  std::string input = (world.folder() / "input.tsv").string();
  std::string output = (world.folder() / "out.jsonl").string();
  std::string model = world.model().string();

  Input() { std::ofstream(input) << "w1 w2 w3\tw4\r\n\nw5 w6\tw7 w8 w9\n"; }
  test::ProgramResult predict(const std::string& plan, std::vector<std::string> more) const {
    std::vector<std::string> arguments{"predict", "--model", model,      "--plan", plan,
                                       "--input", input,     "--output", output};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments, world.folder());
  }
};

}  // namespace

TEST_CASE("predict writes one object a line, and layers that pool to the embedding") {
  const Input in;
  const auto layers = in.world.folder() / "layers.safetensors";
  const auto result = in.predict("fp16", {"--text-columns", "0", "--layers", layers.string()});
  INFO(result.output);
  REQUIRE(result.exit_code == 0);
  const auto lines = json_lines(in.output);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at("index") == 0);
  CHECK(lines[0].at("tokens") == 5);
  CHECK(lines[1].at("tokens") == 4);
  const std::vector<float> embedding = lines[1].at("embedding");
  REQUIRE(embedding.size() == 64);

  const model::SafetensorsFile file(layers);
  CHECK(file.tensors().size() == 4);  // two layers' inputs, the output, offsets
  CHECK(file.values<int32_t>("offsets") == std::vector<int32_t>{0, 5, 9});
  const auto last = file.values<float>("hidden.2");
  for (int j = 0; j < 64; ++j) {
    float sum = 0;
    for (int t = 5; t < 9; ++t) sum += last[t * 64 + j];
    CHECK(embedding[j] == Approx(sum / 4).margin(1e-6));
  }
}

TEST_CASE("predict takes whole lines, other columns and pairs") {
  const Input in;
  REQUIRE(in.predict("M1", {}).exit_code == 0);
  CHECK(json_lines(in.output)[0].at("tokens") == 6);  // the tab is a space
  REQUIRE(in.predict("M1", {"--text-columns", "1"}).exit_code == 0);
  CHECK(json_lines(in.output)[0].at("tokens") == 3);
  REQUIRE(in.predict("M1", {"--text-columns", "0,1"}).exit_code == 0);
  CHECK(json_lines(in.output)[0].at("tokens") == 7);
  REQUIRE(in.predict("M1", {"--max-length", "4"}).exit_code == 0);
  CHECK(json_lines(in.output)[0].at("tokens") == 4);
  CHECK(in.predict("M1", {"--text-columns", "7"}).exit_code == 3);
}

TEST_CASE("a plan with calibrated scales takes them from a file or a task") {
  const Input in;
  const auto missing = in.predict("M3", {});
  CHECK(missing.exit_code == 2);
  CHECK_THAT(missing.output, ContainsSubstring("--calibration"));

  const std::string task = (in.world.folder() / "tasks" / "toy.yaml").string();
  const auto with_task = in.predict("M3", {"--task", task});
  INFO(with_task.output);
  REQUIRE(with_task.exit_code == 0);
  const auto lines = json_lines(in.output);
  REQUIRE(lines[0].at("logits").size() == 1);
  CHECK(std::isfinite(lines[0].at("logits")[0].get<double>()));

  const std::string calibration = (in.world.folder() / "c.safetensors").string();
  const auto sweep = in.world.write_sweep("M3", "latency: {enabled: false}\n");
  const auto calibrated =
      run_program({"calibrate", sweep.string(), "-o", calibration}, in.world.folder());
  CHECK_THAT(calibrated.output, ContainsSubstring("16 sequences of 16 asked for"));
  REQUIRE(in.predict("M3", {"--calibration", calibration}).exit_code == 0);
  CHECK(json_lines(in.output)[0].contains("embedding"));
}

TEST_CASE("what predict cannot do, it says") {
  const Input in;
  const auto head = in.predict("fp16", {"--head", "classify"});
  CHECK(head.exit_code == 3);
  CHECK_THAT(head.output, ContainsSubstring("no classification head"));
  const auto plan = in.predict("M9", {});
  CHECK(plan.exit_code == 2);
  CHECK_THAT(plan.output, ContainsSubstring("M9"));
  CHECK(in.predict("fp16", {"--head", "embed", "--task", "toy"}).exit_code == 2);
}
