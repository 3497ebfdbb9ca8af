#include <algorithm>
#include <cstdio>

#include "experiments/measure/progress_display.h"
#include "tests/catch.h"

using namespace herosweep::measure;

namespace {

/// What a display that is no terminal wrote.
std::string written(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c; (c = std::fgetc(file)) != EOF;) text += static_cast<char>(c);
  return text;
}

}  // namespace

TEST_CASE("durations read as clocks") {
  CHECK(format_duration(0) == "0:00");
  CHECK(format_duration(59.6) == "1:00");
  CHECK(format_duration(3609) == "1:00:09");
  CHECK(format_duration(-1) == "?");
}

TEST_CASE("the bar says trial n of N, failures, ETA and the plan, within the terminal's width") {
  const ProgressState state{"accuracy", "trial", "M3", 57, 140, 1, 151};
  const std::string bar = format_bar(state, 200);
  CHECK_THAT(bar, ContainsSubstring("[#########...............]"));
  CHECK_THAT(bar, ContainsSubstring("trial 57 of 140, 1 failed, ETA 2:31  M3"));
  CHECK(format_bar(state, 20).size() == 20);
  CHECK(format_line({"accuracy", "trial", "M3", 1, 2, 0, -1}) == "accuracy: trial 1 of 2  M3");
  CHECK(format_line({"latency", "pass", "", 0, 0, 0, -1}) == "latency: starting");
}

TEST_CASE("without a terminal there is a line every ten per cent, not one a trial") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file);
  {
    ProgressDisplay display(file);
    for (int done = 0; done <= 100; ++done) display.show({"a", "trial", "", done, 100, 0, -1});
    display.print("failed: M3");
  }
  const std::string text = written(file);
  std::fclose(file);
  CHECK(std::count(text.begin(), text.end(), '\n') == 12);
  CHECK_THAT(text, ContainsSubstring("a: trial 100 of 100\nfailed: M3\n"));
  CHECK(text.find('\033') == std::string::npos);
}

TEST_CASE("no stream, no output") {
  ProgressDisplay display(nullptr);
  display.show({"a", "trial", "", 1, 2, 0, -1});
  display.print("line");
}
