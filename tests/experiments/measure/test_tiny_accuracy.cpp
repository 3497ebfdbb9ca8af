// Accuracy and latency jobs inside one process, on a real engine.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/measure/accuracy.h"
#include "experiments/measure/calibrator.h"
#include "experiments/measure/latency.h"
#include "tests/catch.h"
#include "tests/experiments/measure/tiny_world.h"

using namespace herosweep;
using namespace herosweep::measure;

namespace {

const Progress kSilent = [](int, int, const std::string&) {};
const Announce kNoAnnounce = [](int, int, const Contender&) {};

AccuracyJob accuracy_job(const test::TinyWorld& world, const sweep::Sweep& sweep, int variant) {
  AccuracyJob job;
  job.setting = {sweep.model.directory, "cpu", 1, world.cache(), sweep.model.weights_hash};
  job.variant = sweep.variants[variant];
  job.tasks = sweep.tasks;
  job.calibration_tasks = sweep.tasks;
  job.bootstrap_resamples = 200;
  return job;
}

size_t files_in(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder)) return 0;
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("the FP16 plan is its own twin, and M3 is near and records what it took") {
  const test::TinyWorld world;
  const auto sweep = world.sweep("M3", "latency: {enabled: false}");
  Resources resources;
  AccuracyEvaluator evaluator(resources);
  const AccuracyResult floating = evaluator.evaluate(accuracy_job(world, sweep, 0), kSilent);
  REQUIRE(floating.tasks.size() == 2);
  for (const TaskResult& task : floating.tasks) {
    CHECK(task.drift == 0);
    CHECK(task.cosine == Approx(1));
    CHECK(task.max_error == 0);
    CHECK(task.interval.low <= task.value);
    CHECK(task.interval.high >= task.value);
    CHECK(task.n == static_cast<int>(task.outcomes.prediction.size()));
  }
  CHECK(floating.calibration_rows_asked == 0);
  CHECK(floating.saturation.empty());

  const AccuracyResult m3 = evaluator.evaluate(accuracy_job(world, sweep, 1), kSilent);
  CHECK(m3.execution == "integer");
  CHECK(m3.calibration_rows == 16);
  CHECK(m3.calibration_rows_asked == 16);
  CHECK(m3.weight_bytes < floating.weight_bytes);
  CHECK(m3.peak_rss_bytes > 0);
  CHECK_FALSE(m3.saturation.empty());
  REQUIRE(m3.layers.size() == 3);
  CHECK(m3.layers[0].layer == -1);
  CHECK(m3.layers[2].cosine > 0.95);
  CHECK(m3.layers[2].cosine < 1);
  for (const TaskResult& task : m3.tasks) {
    CHECK(task.drift > 0);
    CHECK(task.cosine > 0.95);
    CHECK(task.cosine < 1);
  }
  // One head for both: it was fitted on the twin's features and frozen.
  CHECK(m3.tasks[0].head_hash == floating.tasks[0].head_hash);
}

TEST_CASE("preparation fills the cache and a second process computes the same from it") {
  const test::TinyWorld world;
  const auto sweep = world.sweep("M3", "latency: {enabled: false}");
  const auto job = accuracy_job(world, sweep, 1);
  {
    Resources resources;
    AccuracyEvaluator(resources).prepare(job, kSilent);
  }
  CHECK(files_in(world.cache() / "heads") == 2);
  CHECK(files_in(world.cache() / "features") == 1);
  CHECK(files_in(world.cache() / "calibration") == 1);
  const auto run = [&] {
    Resources resources;
    auto result = AccuracyEvaluator(resources).evaluate(job, kSilent);
    result.seconds = 0;
    result.peak_rss_bytes = 0;
    return to_json(result);
  };
  const auto from_cache = run();
  // A damaged cache is computed again, to the same bytes.
  for (const char* kind : {"heads", "features", "calibration"})
    for (const auto& file : std::filesystem::directory_iterator(world.cache() / kind))
      std::filesystem::resize_file(file.path(), 10);
  CHECK(run() == from_cache);
}

TEST_CASE("a plan on a subset of the tasks scores the same as on all") {
  const test::TinyWorld world;
  const auto sweep = world.sweep("M3", "latency: {enabled: false}");
  Resources resources;
  AccuracyEvaluator evaluator(resources);
  auto job = accuracy_job(world, sweep, 1);
  const auto both = evaluator.evaluate(job, kSilent);
  job.tasks = {sweep.tasks[1]};
  const auto one = evaluator.evaluate(job, kSilent);
  REQUIRE(one.tasks.size() == 1);
  CHECK(one.tasks[0].outcomes.decision == both.tasks[1].outcomes.decision);
  CHECK(one.tasks[0].value == both.tasks[1].value);
}

TEST_CASE("a latency group measures every plan in every round") {
  const test::TinyWorld world;
  const auto sweep = world.sweep("M1, M3", "latency: {enabled: false}");
  LatencyJob job;
  job.setting = {sweep.model.directory, "cpu", 1, world.cache(), sweep.model.weights_hash};
  job.variants = sweep.variants;
  job.calibration_tasks = sweep.tasks;
  job.batch = 2;
  job.seq_len = 16;
  job.rounds = 8;
  Resources resources;
  int announced = 0;
  const auto result =
      measure_latency(job, resources, [&](int, int, const Contender&) { ++announced; });
  REQUIRE(result.plans.size() == 3);
  CHECK(result.baseline_plan_hash == sweep.variants[0].plan_hash);
  for (const auto& samples : result.plans) {
    CHECK(samples.nanoseconds.size() == 8);
    CHECK(std::all_of(samples.nanoseconds.begin(), samples.nanoseconds.end(),
                      [](int64_t ns) { return ns > 0; }));
  }
  CHECK(announced == 3 * 9);
  CHECK(result.warmup_rounds >= 2);

  job.rounds = 1000;
  job.max_seconds = 1e-9;
  CHECK(measure_latency(job, resources, kNoAnnounce).plans[0].nanoseconds.size() == kMinimumRounds);
}

TEST_CASE("a plan that needs scales without training text says what to do") {
  const test::TinyWorld world;
  const auto sweep = world.sweep("M3", "latency: {enabled: false}");
  Resources resources;
  const Setting setting{sweep.model.directory, "cpu", 1, world.cache(), sweep.model.weights_hash};
  CHECK_THROWS_WITH(obtain_calibration(resources.model(setting), {}, {}, resources, setting),
                    ContainsSubstring("train split"));
}

TEST_CASE("weights that changed since planning are refused") {
  const test::TinyWorld world;
  const auto sweep = world.sweep("M1", "latency: {enabled: false}");
  auto job = accuracy_job(world, sweep, 1);
  job.setting.weights_hash = "another";
  Resources resources;
  AccuracyEvaluator evaluator(resources);
  CHECK_THROWS_AS(evaluator.evaluate(job, kSilent), ModelError);
}
