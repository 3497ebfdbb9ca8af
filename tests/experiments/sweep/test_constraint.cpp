#include <map>

#include "experiments/sweep/constraint.h"
#include "tests/catch.h"

using herosweep::sweep::Constraint;
using herosweep::sweep::ConstraintError;

namespace {

/// Every module fp16 but `attention`; fc2 differs between layers.
bool holds(const std::string& text) {
  const std::map<std::string, std::set<std::string>> values{
      {"attention", {"int8"}}, {"fc2", {"int8", "fp16"}},
      {"residual", {"fp16"}},  {"seed", {"7"}},
      {"groups", {"-1"}},      {"calibration.observer", {"percentile(99.9)"}}};
  return Constraint(text).holds([&](const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::set<std::string>{"fp16"} : found->second;
  });
}

std::string problem_of(const std::string& text) {
  try {
    Constraint constraint(text);
    return "";
  } catch (const ConstraintError& error) {
    return std::to_string(error.column) + ": " + error.what();
  }
}

}  // namespace

TEST_CASE("Constraints compare modules and axes") {
  CHECK(holds("attention == int8"));
  CHECK_FALSE(holds("attention != int8"));
  CHECK(holds("qkv in [fp16, w8a8]"));
  CHECK_FALSE(holds("qkv not in (fp16, w8a8)"));
  CHECK(holds("residual == 'fp16'"));
  CHECK(holds("seed == 7 and groups == -1"));
  CHECK(holds("calibration.observer == percentile(99.9)"));
  CHECK(holds("calibration.observer == \"percentile(99.9)\""));
  CHECK(holds("qkv == fc1"));
  CHECK_FALSE(holds("qkv == attention"));
}

TEST_CASE("`and` binds more tightly than `or`, `not` most") {
  CHECK(holds("qkv == fp16 or qkv == int8 and attention == fp16"));
  CHECK_FALSE(holds("(qkv == fp16 or qkv == int8) and attention == fp16"));
  CHECK(holds("not attention == fp16 and qkv == fp16"));
  CHECK(holds("not (attention == fp16 and qkv == fp16)"));
  CHECK(holds("not not attention == int8"));
}

TEST_CASE("A module that differs between layers equals nothing, and is in what holds all") {
  CHECK_FALSE(holds("fc2 == int8"));
  CHECK_FALSE(holds("fc2 == fp16"));
  CHECK(holds("fc2 != int8"));
  CHECK(holds("fc2 in [fp16, int8]"));
  CHECK_FALSE(holds("fc2 in [int8]"));
  CHECK_FALSE(holds("fc2 == fc2"));
}

TEST_CASE("What is wrong with a constraint is said with its place") {
  CHECK(problem_of("attn == int8") == "1: unknown name 'attn', did you mean attention?");
  CHECK(problem_of("qkv == int8 and attention == w8a8") ==
        "30: attention is never 'w8a8'; use fp16, int8");
  CHECK(problem_of("qkv = int8") == "5: '=' is not understood; operators are == != in and or not");
  CHECK(problem_of("qkv == int8 or") == "15: expected a module or an axis, got 'the end'");
  CHECK(problem_of("(qkv == int8") == "13: expected ')', got 'the end'");
  CHECK(problem_of("qkv in int8") == "8: expected a list such as [fp16, int8], got 'int8'");
  CHECK(problem_of("qkv in [int8)") == "13: expected ',' or ']', got ')'");
  CHECK(problem_of("qkv == int8 fc1 == int8") == "13: expected 'and', 'or' or the end, got 'fc1'");
  CHECK(problem_of("seed == -1") == "9: seed is never '-1'");
  CHECK(problem_of("qkv == 'int8") == "8: a quote without its end");
  CHECK(problem_of("").find("1: expected a module or an axis") == 0);
  CHECK_THAT(problem_of(std::string(1000, '(') + "qkv == int8"),
             ContainsSubstring("nested too deeply"));
  CHECK_THAT(problem_of(std::string(5000, ' ')), ContainsSubstring("longer than"));
}
