#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/tasks/task.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::tasks;

namespace {

TaskSpec example() {
  TaskSpec spec;
  spec.name = "pairs";
  spec.files = {{"test", "/data/test.tsv"}, {"dev", "/data/dev.tsv"}};
  spec.format = "csv";
  spec.header = true;
  spec.text_columns = {"first", "second"};
  spec.label_column = "gold";
  spec.eval_split = "dev";
  spec.train_split = "test";
  spec.head = HeadKind::cosine;
  spec.metric = Metric::pearson;
  spec.head_lambda = 0.125;
  spec.min_abs_label = 0.5;
  spec.labels = {"no", "yes"};
  spec.max_length = 64;
  spec.fetch_hint = "Fetch it.";
  spec.source = "Somebody 2020";
  return spec;
}

}  // namespace

TEST_CASE("A task survives JSON") {
  const auto json = to_json(example());
  const TaskSpec read = task_from_json(json);
  CHECK(to_json(read) == json);
  CHECK(read.files == example().files);
  CHECK(read.head == HeadKind::cosine);
  CHECK(read.metric == Metric::pearson);
  CHECK(read.labels == example().labels);
  CHECK(read.fetch_hint == "Fetch it.");
}

TEST_CASE("A task's identity knows contents, not paths and documentation") {
  TaskSpec moved = example();
  moved.name = "other";
  moved.files["test"] = "/elsewhere/test.tsv";
  moved.fetch_hint.clear();
  moved.source.clear();
  CHECK(identity(moved) == identity(example()));
  moved.binarize = true;
  CHECK(identity(moved) != identity(example()));
}

TEST_CASE("A task with a missing or mistyped field is refused") {
  auto json = to_json(example());
  json.erase("max_length");
  CHECK_THROWS_AS(task_from_json(json), ConfigError);
  json = to_json(example());
  json["max_length"] = "long";
  CHECK_THROWS_AS(task_from_json(json), ConfigError);
  json = to_json(example());
  json["head"] = "svm";
  CHECK_THROWS_WITH(task_from_json(json), ContainsSubstring("classifier, ridge"));
  json = to_json(example());
  json["eval_split"] = "nowhere";
  CHECK_THROWS_WITH(task_from_json(json), ContainsSubstring("nowhere"));
}

TEST_CASE("Names of metrics, heads and split rules read back") {
  for (auto metric :
       {Metric::accuracy, Metric::f1, Metric::matthews, Metric::pearson, Metric::spearman})
    CHECK(metric_from_name(name(metric)) == metric);
  for (auto head : {HeadKind::classifier, HeadKind::ridge, HeadKind::logistic, HeadKind::cosine})
    CHECK(head_from_name(name(head)) == head);
  for (auto rule : {SplitRule::files, SplitRule::sha256_mod5})
    CHECK(split_rule_from_name(name(rule)) == rule);
  CHECK_THROWS_WITH(metric_from_name("acc"), ContainsSubstring("accuracy"));
}
