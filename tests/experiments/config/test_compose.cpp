#include <cstdlib>

#include "experiments/config/compose.h"
#include "tests/catch.h"
#include "tests/experiments/config/config_folder.h"

using namespace herosweep::config;
using herosweep::test::ConfigFolder;

namespace {

Value load(const std::filesystem::path& file, Problems& problems) {
  Value root = load_tree(file, {}, problems);
  substitute_environment(root, problems);
  return root;
}

std::string text_at(const Value& root, std::initializer_list<const char*> keys) {
  const Value* at = &root;
  for (const char* key : keys) {
    REQUIRE(at->find(key) != nullptr);
    at = &at->find(key)->value;
  }
  return at->text;
}

}  // namespace

TEST_CASE("Included files lie below the file that names them") {
  const ConfigFolder folder;
  folder.write("base/common.yaml", "a: 1\nm: {x: 1, y: 2}\nlist: [1, 2]\npath: data.tsv\n");
  folder.write("more.yaml", "a: 5\nextra: yes\n");
  const auto file = folder.write(
      "top.yaml",
      "defaults: [base/common.yaml, more.yaml]\nm: {y: 3}\nlist: [7]\nsub:\n  include: "
      "more.yaml\n  a: 6\n");
  Problems problems;
  const Value root = load(file, problems);
  REQUIRE(problems.text() == "");
  CHECK(text_at(root, {"a"}) == "5");
  CHECK(text_at(root, {"m", "x"}) == "1");
  CHECK(text_at(root, {"m", "y"}) == "3");
  CHECK(root.find("list")->value.items.size() == 1);
  CHECK(text_at(root, {"sub", "a"}) == "6");
  CHECK(text_at(root, {"sub", "extra"}) == "yes");
  CHECK(root.find("defaults") == nullptr);
  // A path stays relative to the file that it was written in.
  CHECK(resolve_path(root.find("path")->value) == folder.path() / "base" / "data.tsv");
  CHECK(root.find("m")->value.find("x")->value.place.text() ==
        (folder.path() / "base/common.yaml").string() + ":2:8");
}

TEST_CASE("Includes that cannot be read are problems at their place") {
  const ConfigFolder folder;
  folder.write("loop.yaml", "include: top.yaml\n");
  folder.write("list.yaml", "[1]\n");
  const auto file =
      folder.write("top.yaml", "include: [nobody.yaml, loop.yaml, list.yaml]\nb: 1\n");
  Problems problems;
  load(file, problems);
  const std::string text = folder.without_path(problems.text());
  CHECK_THAT(text, ContainsSubstring("top.yaml:1:11: no such file: nobody.yaml"));
  CHECK_THAT(text, ContainsSubstring("loop.yaml:1:10: include: top.yaml includes itself"));
  CHECK_THAT(text, ContainsSubstring("top.yaml:1:35: include: list.yaml holds no map"));
}

TEST_CASE("Option --set replaces, adds and reaches into lists and dotted keys") {
  const ConfigFolder folder;
  const auto file = folder.write(
      "top.yaml",
      "a: {b: 1}\nsweep: {axes: {calibration.observer: [absmax]}}\ntasks: [x, {name: y}]\n");
  Problems problems;
  Value root = load(file, problems);
  for (const char* assignment :
       {"a.b=2", "a.c.d=[1, 8]", "sweep.axes.calibration.observer=mse",
        "sweep.axes.calibration.batches=[1, 2]", "tasks.1.name=z", "note=a: #1", "path=x.tsv"}) {
    apply_override(root, assignment, problems);
  }
  REQUIRE(problems.text() == "");
  CHECK(text_at(root, {"a", "b"}) == "2");
  CHECK(root.find("a")->value.find("c")->value.find("d")->value.items.size() == 2);
  CHECK(text_at(root, {"sweep", "axes", "calibration.observer"}) == "mse");
  CHECK(root.find("sweep")->value.find("axes")->value.find("calibration.batches") != nullptr);
  CHECK(text_at(root.find("tasks")->value.items[1], {"name"}) == "z");
  CHECK(text_at(root, {"note"}) == "a: #1");
  CHECK(root.find("a")->value.find("b")->value.place.text() == "--set a.b");
  CHECK(resolve_path(root.find("path")->value) == std::filesystem::current_path() / "x.tsv");
}

TEST_CASE("Option --set that makes no sense is a problem") {
  Problems problems;
  Value root;
  root.kind = Value::Kind::map;
  apply_override(root, "nothing", problems);
  apply_override(root, "a..b=1", problems);
  apply_override(root, "list=[1]", problems);
  apply_override(root, "list.4=1", problems);
  apply_override(root, "broken=[1", problems);
  CHECK(problems.text().find("--set nothing: expected KEY=VALUE") == 0);
  CHECK_THAT(problems.text(), ContainsSubstring("--set a..b: expected KEY=VALUE"));
  CHECK_THAT(problems.text(), ContainsSubstring("--set list.4: list.4: '4' is no index"));
  CHECK_THAT(problems.text(), ContainsSubstring("--set broken: YAML syntax"));
}

TEST_CASE("An environment reference is replaced, with its fallback") {
  ::setenv("HEROSWEEP_TEST_SET", "value", 1);
  ::unsetenv("HEROSWEEP_TEST_UNSET");
  const ConfigFolder folder;
  const auto file = folder.write("top.yaml",
                                 "a: x${env:HEROSWEEP_TEST_SET}y\n"
                                 "b: ${env:HEROSWEEP_TEST_UNSET:-../data}/f\n"
                                 "c: [\"${env:HEROSWEEP_TEST_UNSET}\"]\n"
                                 "d: $${env:HEROSWEEP_TEST_SET}\n"
                                 "e: ${other}\n"
                                 "f: ${env:open\n");
  Problems problems;
  const Value root = load(file, problems);
  CHECK(text_at(root, {"a"}) == "xvaluey");
  CHECK(text_at(root, {"b"}) == "../data/f");
  CHECK(text_at(root, {"d"}) == "${env:HEROSWEEP_TEST_SET}");
  const std::string text = folder.without_path(problems.text());
  CHECK_THAT(text, ContainsSubstring("top.yaml:3:5: c[0]: the environment variable "
                                     "HEROSWEEP_TEST_UNSET is not set"));
  CHECK_THAT(text, ContainsSubstring("top.yaml:5:4: e: ${other} is unknown"));
  CHECK_THAT(text, ContainsSubstring("top.yaml:6:4: f: ${ without its }"));
}

TEST_CASE("A file that cannot be reached is a problem at the place that names it") {
  const ConfigFolder folder;
  std::filesystem::create_symlink("loop.yaml", folder.path() / "loop.yaml");
  const auto file = folder.write("top.yaml", "include: loop.yaml\n");
  Problems problems;
  load(file, problems);
  CHECK_THAT(problems.text(), ContainsSubstring("top.yaml:1:10: "));
  CHECK_THAT(problems.text(), ContainsSubstring("loop.yaml cannot be read: "));
}
