#include <fmt/format.h>

#include "experiments/config/yaml_reader.h"
#include "tests/catch.h"

using namespace herosweep::config;

namespace {

Value read(const std::string& text, Problems& problems) {
  return read_yaml(text, std::make_shared<const Source>(Source{"f.yaml", "", true}), problems);
}

std::string problems_of(const std::string& text) {
  Problems problems;
  read(text, problems);
  return problems.text();
}

}  // namespace

TEST_CASE("YAML becomes a tree with the place of every value") {
  Problems problems;
  const Value root = read("a: 1\nb:\n  - x\n  - {c: \"1\"}\n", problems);
  REQUIRE(problems.empty());
  REQUIRE(root.kind == Value::Kind::map);
  CHECK(root.find("a")->value.text == "1");
  CHECK_FALSE(root.find("a")->value.quoted);
  const Value& second = root.find("b")->value.items.at(1);
  CHECK(second.find("c")->value.quoted);
  CHECK(second.find("c")->value.place.text() == "f.yaml:4:9");
  CHECK(second.find("c")->place.text() == "f.yaml:4:6");
}

TEST_CASE("YAML scalars keep their text") {
  Problems problems;
  const Value root = read("[no, 010, 0x1F, 1e3, 12:30, ~, '', 2001-01-01]", problems);
  REQUIRE(problems.empty());
  CHECK(root.items[0].text == "no");
  CHECK(root.items[1].text == "010");
  CHECK(root.items[2].text == "0x1F");
  CHECK(root.items[4].text == "12:30");
  CHECK(root.items[5].kind == Value::Kind::null);
  CHECK(root.items[6].kind == Value::Kind::scalar);
  CHECK(root.items[7].text == "2001-01-01");
}

TEST_CASE("YAML problems are placed") {
  CHECK(problems_of("a: 1\nb: 2\na: 3\n") ==
        "f.yaml:3:1: a: duplicate key, already given in line 1");
  CHECK(problems_of("a:\n  b: 1\n  b: 2\n") ==
        "f.yaml:3:3: a.b: duplicate key, already given in line 2");
  CHECK(problems_of("? [1, 2]\n: 3\n") == "f.yaml:1:3: a key must be a word, not a list");
  CHECK(problems_of("a: !!int 3\n") ==
        "f.yaml:1:4: a: the tag tag:yaml.org,2002:int is not read; remove it");
  CHECK(problems_of("a: 1\n---\nb: 2\n") == "f.yaml:3:1: a second document; a file holds one");
  CHECK_THAT(problems_of("a: [1, 2\nb: }\n"), ContainsSubstring("f.yaml:2:2: YAML syntax: "));
  CHECK_THAT(problems_of("a: *nobody\n"), ContainsSubstring("YAML syntax: "));
  CHECK(problems_of("") == "");
}

TEST_CASE("YAML aliases are copies, and cannot explode") {
  Problems problems;
  const Value root = read("a: &x {k: [1, 2]}\nb: *x\n", problems);
  REQUIRE(problems.empty());
  CHECK(root.find("b")->value.find("k")->value.items.size() == 2);

  std::string laughs = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n";
  for (int i = 1; i < 12; ++i) {
    std::string aliases;
    for (int j = 0; j < 10; ++j) aliases += fmt::format("*a{}, ", i - 1);
    laughs += fmt::format("a{}: &a{} [{}]\n", i, i, aliases);
  }
  CHECK_THAT(problems_of(laughs), ContainsSubstring("grows beyond 16 MiB"));

  std::string aliases;
  for (int i = 0; i < 1000; ++i) aliases += "*t, ";
  const std::string long_text(500'000, 'x');
  CHECK_THAT(problems_of(fmt::format("a: &t {}\nb: [{}]\n", long_text, aliases)),
             ContainsSubstring("grows beyond 16 MiB"));
  CHECK_THAT(problems_of("a: &x [1, *x]\n"), ContainsSubstring("alias inside"));
}

TEST_CASE("YAML size and depth are limited") {
  CHECK_THAT(problems_of(std::string(kMaxFileBytes + 1, ' ')), ContainsSubstring("at most"));
  CHECK_THAT(problems_of(std::string(40, '[') + std::string(40, ']')),
             ContainsSubstring("nested more than 32 levels deep"));
  CHECK_THAT(problems_of(std::string(200'000, '[')), ContainsSubstring("f.yaml:1:"));
  // Depth through aliases counts as well.
  std::string nested = "a0: &a0 [1]\n";
  for (int i = 1; i < 40; ++i) {
    nested += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  }
  CHECK_THAT(problems_of(nested), ContainsSubstring("nested more than 32 levels deep"));
}

TEST_CASE("What is written for the record reads back as the same tree") {
  Problems problems;
  const Value root =
      read("a: no\nb: \"010\"\nc: {d: [1, \"x: y\", '#', {e: f}]}\ng: \"two\\nlines\"\n", problems);
  const std::string text = to_yaml(root);
  const Value again = read(text, problems);
  REQUIRE(problems.empty());
  CHECK(to_yaml(again) == text);
  CHECK(again.find("a")->value.text == "no");
  CHECK(again.find("b")->value.quoted);
  CHECK(again.find("c")->value.find("d")->value.items[2].text == "#");
  CHECK(again.find("g")->value.text == "two\nlines");
}
