#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "experiments/measure/job.h"
#include "experiments/measure/protocol.h"
#include "experiments/measure/seal.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::measure;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Through text, as it travels.
nlohmann::json over_the_wire(const nlohmann::json& json) {
  return nlohmann::json::parse(json.dump());
}

AccuracyResult some_result() {
  AccuracyResult result;
  TaskResult task;
  task.task = "sst2";
  task.metric = "accuracy";
  task.value = 0.9020217729393468;
  task.interval = {0.87, 0.92};
  task.n = 3;
  task.flips = 5;
  task.drift = 0.032;
  task.cosine = 0.9962;
  task.kl = 1e-9;
  task.max_error = 0.25;
  task.head_hash = "abc";
  task.outcomes = {{1, 0, 1}, {0.1f, -3.5e-38f, 1e30f}, {1, 1, 0}};
  result.tasks = {task};
  result.execution = "weight-only";
  result.compute_dtype = "float32";
  result.weight_bytes = 1'234'567'890'123;
  result.workspace_bytes = 2;
  result.peak_rss_bytes = 3;
  result.launches_per_layer = 7;
  result.quantize_operators = 12;
  result.floored_scales = 4;
  result.calibration_rows = 1599;
  result.calibration_rows_asked = 1600;
  result.saturation = {{0, quant::Site::query, 100, 1}, {5, quant::Site::gelu, 1'000'000'007, 9}};
  result.layers = {{-1, 1.0, kInfinity}, {0, 0.99, 31.5}};
  result.seconds = 1.5;
  return result;
}

}  // namespace

TEST_CASE("an accuracy result survives the wire bit by bit") {
  const AccuracyResult sent = some_result();
  const AccuracyResult received = accuracy_from_json(over_the_wire(to_json(sent)));
  CHECK(to_json(received) == to_json(sent));
  REQUIRE(received.tasks.size() == 1);
  CHECK(received.tasks[0].outcomes.decision == sent.tasks[0].outcomes.decision);
  CHECK(received.tasks[0].value == sent.tasks[0].value);
  CHECK(received.weight_bytes == sent.weight_bytes);
  REQUIRE(received.saturation.size() == 2);
  CHECK(received.saturation[1].site == quant::Site::gelu);
  CHECK(received.saturation[1].elements == 1'000'000'007);
  CHECK(received.layers[0].layer == -1);
  CHECK(received.layers[0].sqnr_db == kInfinity);
}

TEST_CASE("numbers that JSON cannot hold arrive as what they were") {
  AccuracyResult sent = some_result();
  sent.tasks[0].value = kNan;
  sent.tasks[0].drift = kInfinity;
  sent.tasks[0].interval = {-kInfinity, kNan};
  sent.tasks[0].outcomes.decision = {kNan, std::numeric_limits<float>::infinity(), 0.0f};
  const auto task = accuracy_from_json(over_the_wire(to_json(sent))).tasks[0];
  CHECK(std::isnan(task.value));
  CHECK(task.drift == kInfinity);
  CHECK(task.interval.low == -kInfinity);
  CHECK(std::isnan(task.interval.high));
  CHECK(std::isnan(task.outcomes.decision[0]));
  CHECK(std::isinf(task.outcomes.decision[1]));
}

TEST_CASE("a latency result survives the wire") {
  LatencyResult sent;
  sent.batch = 8;
  sent.seq_len = 128;
  sent.threads = 2;
  sent.baseline_plan_hash = "b";
  sent.plans = {{"b", {1, 9'000'000'000, 3}, {4, 5, 6}}, {"p", {}}};
  sent.failures = {{"q", "crash", "it died", "log"}};
  sent.warmup_rounds = 2;
  sent.clock_mhz_before = 2450.123;
  const LatencyResult received = latency_from_json(over_the_wire(to_json(sent)));
  CHECK(to_json(received) == to_json(sent));
  CHECK(received.plans[0].nanoseconds == sent.plans[0].nanoseconds);
  CHECK(received.plans[0].wall_nanoseconds == sent.plans[0].wall_nanoseconds);
  REQUIRE(received.failures.size() == 1);
  CHECK(received.failures[0].message == "it died");
}

TEST_CASE("an answer that lacks a field is refused") {
  auto json = to_json(some_result());
  json.erase("execution");
  CHECK_THROWS(accuracy_from_json(json));
  auto site = to_json(some_result());
  site["saturation"][0]["site"] = "nowhere";
  CHECK_THROWS(accuracy_from_json(site));
}

TEST_CASE("jobs arrive as they were sent") {
  AccuracyJob job;
  job.id = 3;
  job.setting = {"models/tiny", "cpu", 2, "cache", "weights"};
  job.variant.plan = quant::named_plan("M3", 2);
  job.variant.plan.options.residual = quant::ResidualFormat::fp16;
  job.variant.calibration.seq_len = 64;
  job.variant.seed = 7;
  job.variant.label = "residual=fp16";
  job.variant.plan_hash = "hash";
  tasks::TaskSpec task;
  task.name = "toy";
  task.files["all"] = "toy.tsv";
  task.text_columns = {"2"};
  task.label_column = "1";
  task.split_rule = tasks::SplitRule::sha256_mod5;
  task.head = tasks::HeadKind::ridge;
  task.metric = tasks::Metric::spearman;
  task.head_lambda = 0.3;
  job.tasks = {task};
  job.calibration_tasks = {task, task};
  const auto line = over_the_wire(to_json(job, "accuracy"));
  CHECK(line.at("type") == "accuracy");
  const AccuracyJob received = accuracy_job_from_json(line);
  CHECK(to_json(received, "accuracy") == line);
  CHECK(received.variant.plan.name == "hero-111111");
  CHECK(received.variant.plan.options == job.variant.plan.options);

  LatencyJob latency;
  latency.setting = job.setting;
  latency.variants = {job.variant, job.variant};
  latency.calibration_tasks = {task};
  latency.batch = 8;
  latency.max_seconds = 2.5;
  latency.seed = 11;
  const auto latency_line = over_the_wire(to_json(latency));
  CHECK(to_json(latency_job_from_json(latency_line)) == latency_line);
}

TEST_CASE("An answer that was damaged on its way is seen") {
  nlohmann::json answer{{"value", 0.1}, {"prediction", {1.5f, nullptr, -0.0}}, {"n", 3}};
  seal(answer);
  answer["event"] = "result";
  answer["job"] = 7;
  const auto received = nlohmann::json::parse(answer.dump());
  CHECK_NOTHROW(check_seal(received));
  auto damaged = received;
  damaged["prediction"][0] = 1.25;
  CHECK_THROWS_AS(check_seal(damaged), DamagedAnswer);
  damaged = received;
  damaged.erase("crc32");
  CHECK_THROWS_AS(check_seal(damaged), DamagedAnswer);
}
