#include <cmath>

#include "experiments/measure/scoring.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::measure;

namespace {

/// Four examples, one corpus row each, and a head that reads the first of two features.
struct LogisticCase {
  tasks::PreparedTask task;
  Features twin_features, plan_features;
  TaskContext context;

  LogisticCase(std::vector<float> twin, std::vector<float> plan) {
    task.spec.name = "toy";
    task.spec.head = tasks::HeadKind::logistic;
    task.spec.metric = tasks::Metric::accuracy;
    task.eval.labels = {1, 0, 1, 0};
    twin_features = {2, twin, twin};
    plan_features = {2, plan, plan};
    tasks::FittedHead head;
    head.mean = {0, 0};
    head.std = {1, 1};
    head.weight = {1, 0};
    head.hash = "head";
    context.task = &task;
    context.rows = {0, 1, 2, 3};
    context.head = head;
    context.twin = outcomes(context, {&twin_features, {}}, {&twin_features, {}});
  }
  TaskResult score() const {
    return score_task(context, {&plan_features, {}}, {&twin_features, {}}, 200, 0);
  }
};

double binary_divergence(double z_twin, double z_plan) {
  const double p = 1 / (1 + std::exp(-z_twin)), q = 1 / (1 + std::exp(-z_plan));
  return p * std::log(p / q) + (1 - p) * std::log((1 - p) / (1 - q));
}

}  // namespace

TEST_CASE("the twin compared with itself has no distance") {
  const std::vector<float> features{1, 2, -1, 1, 2, 0, 0.5f, 3};
  const TaskResult result = LogisticCase(features, features).score();
  CHECK(result.value == 0.75);
  CHECK(result.n == 4);
  CHECK(result.flips == 0);
  CHECK(result.drift == 0);
  CHECK(result.cosine == Approx(1));
  CHECK(result.kl == 0);
  CHECK(result.max_error == 0);
  CHECK(result.head_hash == "head");
  CHECK(result.interval.low < 0.75);
  CHECK(result.interval.high > 0.75);
}

TEST_CASE("distances of a plan follow their definitions") {
  // Decisions of the twin 1, -1, 2, 0.5; of the plan 1, 1, 1, 0.5.
  const TaskResult result =
      LogisticCase({1, 0, -1, 0, 2, 0, 0.5f, 0}, {1, 0, 1, 0, 1, 0, 0.5f, 0}).score();
  CHECK(result.flips == 1);
  CHECK(result.value == 0.5);
  CHECK(result.max_error == 2);
  CHECK(result.cosine == Approx((1 - 1 + 1 + 1) / 4.0));
  const double mean = 2.5 / 4;
  const double variance = (1 + 1 + 4 + 0.25) / 4 - mean * mean;
  CHECK(result.drift == Approx((2.0 + 1.0) / 4 / std::sqrt(variance)));
  CHECK(result.kl == Approx((binary_divergence(-1, 1) + binary_divergence(2, 1)) / 4));
}

TEST_CASE("a classifier's divergence covers all its classes") {
  tasks::PreparedTask task;
  task.spec.name = "three";
  task.spec.head = tasks::HeadKind::classifier;
  task.spec.metric = tasks::Metric::accuracy;
  task.eval.labels = {2, 0};
  TaskContext context;
  context.task = &task;
  context.rows = {1, 0};  // the corpus has them in another order
  context.label_order = {0, 1, 2};
  context.outputs = 3;
  const Features features{1, {1, 2}, {3, 4}};
  const HeadOutput twin{&features, {3, 0, 1, 0, 1, 2}}, plan{&features, {3, 0, 1, 0, 2, 1}};
  context.twin = outcomes(context, twin, twin);
  const TaskResult same = score_task(context, twin, twin, 200, 0);
  CHECK(same.value == 1);
  CHECK(same.kl == 0);
  const TaskResult result = score_task(context, plan, twin, 200, 0);
  CHECK(result.flips == 1);
  CHECK(result.value == 0.5);
  // Row 1: p = softmax(0, 1, 2), q = softmax(0, 2, 1): sum p (log p - log q) = p1 (-1) + p2 (+1).
  const double sum = 1 + std::exp(1) + std::exp(2);
  CHECK(result.kl == Approx((std::exp(2) - std::exp(1)) / sum / 2));
  CHECK(result.max_error == Approx(2));  // margin of the twin's best two: +1 and -1
  CHECK(result.head_hash == "classifier");
}

TEST_CASE("an undefined metric is a failure, not a number") {
  tasks::PreparedTask task;
  task.spec.name = "constant";
  task.spec.head = tasks::HeadKind::ridge;
  task.spec.metric = tasks::Metric::spearman;
  task.eval.labels = {1, 2, 3};
  TaskContext context;
  context.task = &task;
  context.rows = {0, 1, 2};
  tasks::FittedHead head;
  head.mean = {0};
  head.std = {1};
  head.weight = {1};
  context.head = head;
  const Features twin{1, {1, 2, 3}, {1, 2, 3}}, plan{1, {5, 5, 5}, {5, 5, 5}};
  context.twin = outcomes(context, {&twin, {}}, {&twin, {}});
  CHECK(score_task(context, {&twin, {}}, {&twin, {}}, 200, 0).value == Approx(1));
  CHECK_THROWS_AS(score_task(context, {&plan, {}}, {&twin, {}}, 200, 0), engine::NonFiniteError);
}

TEST_CASE("module errors are cosine and signal to noise, the embedding being layer -1") {
  const std::vector<std::vector<float>> twin{{3, 4, 0, 1}, {1, 0, 0, 1}};
  const std::vector<std::vector<float>> plan{{3, 4, 0, 1}, {1, 0, 1, 0}};
  const auto errors = module_errors(plan, twin, 2);
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].layer == -1);
  CHECK(errors[0].cosine == Approx(1));
  CHECK(std::isinf(errors[0].sqnr_db));
  CHECK(errors[1].layer == 0);
  CHECK(errors[1].cosine == Approx(0.5));
  CHECK(errors[1].sqnr_db == Approx(0.0).margin(1e-9));
}
