#include "core/util/error.h"
#include "experiments/tasks/outcomes.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::tasks;

namespace {

TaskSpec task_with(std::vector<std::string> labels) {
  TaskSpec spec;
  spec.name = "example";
  spec.labels = std::move(labels);
  return spec;
}

using Order = std::vector<int>;

}  // namespace

TEST_CASE("A linear head's output is the prediction, or its sign for classes") {
  FittedHead head{{1, 0}, {2, 1}, {1, -1}, 0.25, ""};
  const std::vector<float> pooled{1, 0, 5, 1, 1, 3};
  const RowValues rows{pooled.data(), 2};
  const auto ridge = linear_outcomes(HeadKind::ridge, head, rows, {1, 2, 0}, {0.5, -1, 2});
  CHECK(ridge.prediction == std::vector<float>{1.25f, -2.75f, 0.25f});
  CHECK(ridge.decision == ridge.prediction);
  CHECK(ridge.label == std::vector<float>{0.5f, -1, 2});
  const auto logistic = linear_outcomes(HeadKind::logistic, head, rows, {1, 2, 0}, {1, 0, 1});
  CHECK(logistic.prediction == std::vector<float>{1, 0, 1});
  CHECK(logistic.decision == ridge.decision);
}

TEST_CASE("Cosine outcomes compare the rows of a pair") {
  const std::vector<float> pooled{3, 0, 0, 2, 1, 1, 0, 0};
  const auto outcomes = cosine_outcomes({pooled.data(), 2}, {0, 2, 1, 1, 0, 3, 0, 1}, {5, 4, 3, 0});
  REQUIRE(outcomes.decision.size() == 4);
  CHECK(outcomes.decision[0] == Approx(0.70710678));
  CHECK(outcomes.decision[1] == Approx(1.0));
  CHECK(outcomes.decision[2] == 0.0f);
  CHECK(outcomes.decision[3] == 0.0f);
  CHECK(outcomes.prediction == outcomes.decision);
}

TEST_CASE("A classifier's decision is its margin between the twin's first two labels") {
  const std::vector<float> twin{0.1f, 2, 1, 3, -1, 2};
  const std::vector<float> plan{0.1f, 1, 1.5f, 2.5f, 4, 1};
  const auto outcomes =
      classifier_outcomes({plan.data(), 3}, {twin.data(), 3}, {0, 1}, {1, 0}, {0, 1, 2});
  CHECK(outcomes.prediction == std::vector<float>{2, 1});
  CHECK(outcomes.decision == std::vector<float>{-0.5f, 1.5f});
  const auto own =
      classifier_outcomes({twin.data(), 3}, {twin.data(), 3}, {0, 1}, {1, 0}, {0, 1, 2});
  CHECK(own.decision == std::vector<float>{1, 1});
}

TEST_CASE("A classifier's predictions are the task's classes") {
  const std::vector<float> logits{5, 1, 0, 2};
  const RowValues rows{logits.data(), 2};
  CHECK(classifier_outcomes(rows, rows, {0, 1}, {0, 1}, {1, 0}).prediction ==
        std::vector<float>{1, 0});
}

TEST_CASE("One logit is a regression") {
  const std::vector<float> logits{2.5f, -1};
  const RowValues rows{logits.data(), 1};
  const auto outcomes = classifier_outcomes(rows, rows, {1, 0}, {0, 3}, {0});
  CHECK(outcomes.prediction == std::vector<float>{-1, 2.5f});
  CHECK(outcomes.decision == outcomes.prediction);
}

TEST_CASE("Checkpoint labels map to the task's by name") {
  CHECK(label_order({"NEGATIVE", "Positive"}, 2, task_with({"negative", "positive"})) ==
        Order{0, 1});
  CHECK(label_order({"entailment", "neutral", "contradiction"}, 3,
                    task_with({"contradiction", "entailment", "neutral"})) == Order{1, 2, 0});
}

TEST_CASE("Generic or missing checkpoint labels keep their order") {
  CHECK(label_order({"LABEL_0", "LABEL_1"}, 2, task_with({"no", "yes"})) == Order{0, 1});
  CHECK(label_order({}, 2, task_with({"no", "yes"})) == Order{0, 1});
  CHECK(label_order({"good", "bad"}, 2, task_with({})) == Order{0, 1});
}

TEST_CASE("An ambiguous label mapping is refused with both lists") {
  const auto labels = GENERATE(std::vector<std::string>{"pos", "neg"},
                               std::vector<std::string>{"negative", "negative"},
                               std::vector<std::string>{"LABEL_0", "positive"},
                               std::vector<std::string>{"LABEL_1", "LABEL_0"});
  CHECK_THROWS_AS(label_order(labels, 2, task_with({"negative", "positive"})), DataError);
  CHECK_THROWS_WITH(label_order(labels, 2, task_with({"negative", "positive"})),
                    ContainsSubstring("negative, positive") && ContainsSubstring(labels[0]));
  CHECK_THROWS_AS(label_order({"LABEL_0", "LABEL_1", "LABEL_2"}, 3, task_with({"no", "yes"})),
                  DataError);
}
