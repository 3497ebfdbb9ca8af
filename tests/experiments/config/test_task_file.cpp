#include "experiments/config/task_file.h"
#include "tests/catch.h"
#include "tests/experiments/config/config_folder.h"

using namespace herosweep;
using herosweep::test::ConfigFolder;

namespace {

const std::string kPairs =
    "files: {train: ../data/train.tsv, dev: ../data/dev.tsv}\nheader: true\n"
    "text_columns: [question, sentence]\nlabel_column: label\neval_split: dev\n"
    "labels: [entailment, not_entailment]\nmax_length: 128\n";

std::string problems_of(const ConfigFolder& folder, const std::string& tasks) {
  return folder.problems(
      folder.write("sweeps/s.yaml", "model: {path: m}\nsweep: {}\ntasks: " + tasks + "\n"));
}

}  // namespace

TEST_CASE("Tasks are found beside the sweep's folder and read with their own paths") {
  const ConfigFolder folder;
  folder.write("tasks/pairs.yaml", kPairs);
  const auto file = folder.write("sweeps/s.yaml",
                                 "model: {path: m}\nsweep: {}\n"
                                 "tasks: [pairs, {base: pairs, name: short, max_length: 32},\n"
                                 "        {base: pairs, name: on-train, split: train}]\n");
  const auto request = config::parse(file, {});
  REQUIRE(request.tasks.size() == 3);
  CHECK(request.tasks[0].name == "pairs");
  CHECK(request.tasks[0].files.at("dev") == folder.path() / "data" / "dev.tsv");
  CHECK(request.tasks[0].text_columns == std::vector<std::string>{"question", "sentence"});
  CHECK(request.tasks[0].header);
  CHECK(request.tasks[1].name == "short");
  CHECK(request.tasks[1].max_length == 32);
  CHECK(request.tasks[2].eval_split == "train");
}

TEST_CASE("A task may be declared in the sweep itself, or named by its path") {
  const ConfigFolder folder;
  folder.write("elsewhere/pairs.yaml", kPairs);
  CHECK(problems_of(folder,
                    "[{name: own, file: x.tsv, split_rule: sha256-mod5, head: ridge, "
                    "metric: pearson, text_columns: 1, label_column: 0}]") == "");
  CHECK(problems_of(folder, "[../elsewhere/pairs.yaml]") == "");
  CHECK(config::load_task("elsewhere/pairs.yaml", folder.path()).name == "pairs");
  CHECK_THROWS_AS(config::load_task("nobody", folder.path()), ConfigError);
}

TEST_CASE("Mistakes in a task file are placed in it") {
  const ConfigFolder folder;
  folder.write("tasks/bad.yaml", "file: x.tsv\nhead: rigde\nmax_lenght: 3\nheader: yes\n");
  const std::string text = problems_of(folder, "[bad]");
  CHECK_THAT(text, ContainsSubstring(
                       "bad.yaml:2:7: tasks[0].head: 'rigde' is unknown, did you mean ridge?"));
  CHECK_THAT(text, ContainsSubstring("bad.yaml:3:1: tasks[0].max_lenght: unknown key, did you mean "
                                     "max_length?"));
  CHECK_THAT(text, ContainsSubstring("bad.yaml:4:9: tasks[0].header: expected true or false"));
}

TEST_CASE("Tasks that contradict themselves or each other are refused") {
  const ConfigFolder folder;
  folder.write("tasks/pairs.yaml", kPairs);
  CHECK_THAT(problems_of(folder, "[pairs, {name: pairs, max_length: 16}]"),
             ContainsSubstring("tasks[1]: a second task called pairs"));
  CHECK_THAT(problems_of(folder, "[{max_length: 16}]"), ContainsSubstring("tasks[0]: has no name"));
  CHECK_THAT(problems_of(folder, "[{name: pairs, split: test}]"), ContainsSubstring("tasks[0]"));
  CHECK_THAT(problems_of(folder, "[]"), ContainsSubstring("a list with at least one task"));
}
