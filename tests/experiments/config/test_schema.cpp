// The JSON Schema that editors use must not underline what the reader takes, and the reference page
// must say what the schema says.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "experiments/config/reference.h"
#include "experiments/config/yaml_reader.h"
#include "tests/catch.h"
#include "tests/experiments/config/config_folder.h"
#include "tests/experiments/config/schema_check.h"

using namespace herosweep;
using test::misfit;

namespace {

const std::filesystem::path kRoot = HEROSWEEP_SOURCE_DIR;

/// The file as an editor reads it: nothing is included or substituted.
nlohmann::json read(const std::filesystem::path& file) {
  config::Problems problems;
  const config::Value tree = config::read_yaml_file(file, {}, problems);
  REQUIRE(problems.text() == "");
  return test::as_json(tree);
}

std::vector<std::filesystem::path> yaml_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  REQUIRE_FALSE(files.empty());
  return files;
}

std::string misfit_of_sweep(const std::string& text) {
  const test::ConfigFolder folder;
  return misfit(read(folder.write("sweep.yaml", text)), config::schema());
}

}  // namespace

TEST_CASE("The schema fits every sweep of the project") {
  auto files = yaml_files(kRoot / "configs/sweeps");
  files.push_back(kRoot / "configs/quickstart.yaml");
  for (const auto& file : files) {
    INFO(file.string());
    CHECK(misfit(read(file), config::schema()) == "");
  }
}

TEST_CASE("The task schema fits every task of the project") {
  for (const auto& file : yaml_files(kRoot / "configs/tasks")) {
    INFO(file.string());
    CHECK(misfit(read(file), config::task_schema()) == "");
  }
}

TEST_CASE("The schema takes everything that a sweep may say") {
  CHECK(misfit_of_sweep("include: other.yaml\nmodel: {include: [a.yaml, b.yaml], name: x}\n"
                        "tasks: [sst2, {base: sst2, name: short, max_length: 64}]\n"
                        "sweep:\n"
                        "  plans: [M1, {name: mine, base: M3, layers: {\"0,-1\": {fc2: fp16}}}]\n"
                        "  axes: {seed: [0, 1], calibration.observer: percentile(99.9)}\n"
                        "  constraints: [\"attention != int8\"]\n"
                        "  per_layer: {base: M3, modules: fc2, to: fp16}\n"
                        "latency: {batch: 8, rounds: [30, 10]}\nlimits: {timeout: 90s}\n") == "");
}

TEST_CASE("The schema refuses what the reader refuses, where it is a matter of shape") {
  for (const char* text :
       {"name: [a]", "modle: {path: x}", "latency: {batch: 0}", "latency: {batch: many}",
        "limits: {timeout: 10}", "sweep: {modules: {fc2: int9}}", "sweep: {axes: {groups: all}}",
        "sweep: {plans: [{base: M3}]}", "calibration: {seed: -1}", "tasks: sst2", "tasks: []",
        "name: \"a b\""}) {
    INFO(text);
    CHECK(misfit_of_sweep(text) != "");
  }
}

TEST_CASE("docs/config.md says what the program reads") {
  const std::filesystem::path file = kRoot / "docs/config.md";
  const std::string page = config::reference_page();
  if (std::getenv("HEROSWEEP_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << page;
  std::ifstream in(file);
  const std::string committed{std::istreambuf_iterator<char>(in), {}};
  INFO("write it anew: herosweep schema --markdown > docs/config.md");
  CHECK((committed == page));
}
