// The files under configs/ are read by users first: each of them must be right.
#include "tests/catch.h"
#include "tests/experiments/config/config_folder.h"

using namespace herosweep;

namespace {

std::vector<std::filesystem::path> yaml_files(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(HEROSWEEP_SOURCE_DIR "/configs/" + folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  return files;
}

}  // namespace

TEST_CASE("Every sweep of the project is well-formed") {
  auto files = yaml_files("sweeps");
  files.emplace_back(HEROSWEEP_SOURCE_DIR "/configs/quickstart.yaml");
  REQUIRE(files.size() >= 4);
  for (const auto& file : files) {
    INFO(file.string());
    CHECK_NOTHROW(config::parse(file, {}));
  }
}

TEST_CASE("Every task of the project is well-formed") {
  const auto files = yaml_files("tasks");
  REQUIRE_FALSE(files.empty());
  for (const auto& file : files) {
    INFO(file.string());
    CHECK_NOTHROW(config::load_task(file.string(), ""));
  }
}

TEST_CASE("The quickstart asks for two rounds of numbers and the paper's defaults") {
  const auto request = config::parse(HEROSWEEP_SOURCE_DIR "/configs/quickstart.yaml", {});
  CHECK(request.space.base.calibration == quant::CalibrationSettings{});
  CHECK(request.latency.batch == std::vector<int>{1, 8});
  CHECK(request.latency.rounds == std::vector<int>{30, 10});
  CHECK(request.model_directory == std::filesystem::path(HEROSWEEP_SOURCE_DIR "/models/minilm-l6"));
  REQUIRE(request.tasks.size() == 2);
  CHECK(request.tasks[0].metric == tasks::Metric::spearman);
  CHECK(request.tasks[1].metric == tasks::Metric::accuracy);
}

TEST_CASE("The quickstart plans 70 variants and 140 trials of the fetched model") {
  const std::filesystem::path root = HEROSWEEP_SOURCE_DIR;
  if (!std::filesystem::exists(root / "models/minilm-l6/model.safetensors") ||
      !std::filesystem::exists(root / "data/vader/tweets_GroundTruth.txt")) {
    WARN("skipped: `make fetch` has not fetched the quickstart's model and data");
    return;
  }
  const sweep::Sweep sweep = config::load_sweep(root / "configs/quickstart.yaml", {});
  CHECK(sweep.variants.size() == 70);
  CHECK(sweep.trials.size() == 140);
  CHECK(sweep.dropped.empty());
  CHECK(sweep.model.config.layers == 6);
  CHECK_THROWS_AS(config::load_sweep(root / "configs/quickstart.yaml", {"latency.seq_len=1024"}),
                  ConfigError);
}
