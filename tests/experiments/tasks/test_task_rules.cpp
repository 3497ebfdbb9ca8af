#include "experiments/tasks/task.h"
#include "tests/catch.h"

using namespace herosweep::tasks;

namespace {

TaskSpec sentiment() {
  TaskSpec spec;
  spec.name = "sentiment";
  spec.files = {{"all", "all.tsv"}};
  spec.split_rule = SplitRule::sha256_mod5;
  spec.text_columns = {"sentence"};
  spec.label_column = std::string("gold");
  spec.head = HeadKind::ridge;
  spec.metric = Metric::spearman;
  spec.head_lambda = 0.3;
  return spec;
}

std::string only_problem(const TaskSpec& spec) {
  const auto found = problems(spec);
  REQUIRE(found.size() == 1);
  return found.front();
}

}  // namespace

TEST_CASE("A usable task has no problems") {
  CHECK(problems(sentiment()).empty());
  TaskSpec plain;
  plain.format = "label text";
  plain.files = {{"test", "test.txt"}};
  CHECK(problems(plain).empty());
}

TEST_CASE("Contradicting fields are told apart") {
  TaskSpec spec = sentiment();
  SECTION("metric of classes on numbers") {
    spec.metric = Metric::f1;
    CHECK_THAT(only_problem(spec), ContainsSubstring("needs classes"));
  }
  SECTION("logistic head without two classes") {
    spec.head = HeadKind::logistic;
    spec.metric = Metric::accuracy;
    CHECK_THAT(only_problem(spec), ContainsSubstring("binarize"));
  }
  SECTION("cosine of one sentence") {
    spec.head = HeadKind::cosine;
    CHECK_THAT(only_problem(spec), ContainsSubstring("two text columns"));
  }
  SECTION("split by hash without its file") {
    spec.files = {{"test", "a"}, {"train", "b"}};
    CHECK_THAT(only_problem(spec), ContainsSubstring("`all`"));
  }
  SECTION("split by hash into other splits") {
    spec.eval_split = "dev";
    CHECK_THAT(only_problem(spec), ContainsSubstring("train and test, not dev"));
  }
  SECTION("fitted head without train rows") {
    spec.split_rule = SplitRule::files;
    spec.files = {{"test", "a"}};
    CHECK_THAT(only_problem(spec), ContainsSubstring("fitted on the train split"));
  }
  SECTION("unknown format") {
    spec.format = "xml";
    CHECK_THAT(only_problem(spec), ContainsSubstring("tsv, csv, jsonl"));
  }
  SECTION("no label") {
    spec.label_column.clear();
    CHECK_THAT(only_problem(spec), ContainsSubstring("label_column"));
  }
}

TEST_CASE("All problems are reported at once") {
  TaskSpec spec = sentiment();
  spec.head_lambda = -1;
  spec.min_abs_label = -1;
  spec.max_length = 2;
  CHECK(problems(spec).size() == 3);
}
