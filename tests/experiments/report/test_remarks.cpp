#include "experiments/report/rows.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::report;

namespace {

std::string all(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

Snapshot quiet() {
  Snapshot s;
  s.sweep.environment = R"({"git_dirty": false})";
  s.trials.done = 4;
  LatencyRow row;
  row.n = 30;
  row.clock_mhz_before = 2600;
  row.clock_mhz_after = 2590;
  s.latency = {row};
  ResultRow result;
  result.n = 643;
  s.results = {result};
  return s;
}

}  // namespace

TEST_CASE("a complete and quiet sweep warns of nothing") {
  Snapshot s = quiet();
  CHECK(warnings(s).empty());
  for (const char* config : {"model: {path: models/x}", "model: [", "model: random", "12"}) {
    s.sweep.config = config;
    CHECK(warnings(s).empty());
  }
}

TEST_CASE("each doubt about the numbers is said once") {
  Snapshot s = quiet();
  SECTION("dirty tree") {
    s.sweep.environment = R"({"git_dirty": true})";
    CHECK_THAT(all(warnings(s)), ContainsSubstring("uncommitted changes"));
  }
  SECTION("random weights") {
    s.sweep.config = "name: x\nmodel: {weights: random, layers: 12}\n";
    CHECK_THAT(all(warnings(s)), ContainsSubstring("weights are random"));
  }
  SECTION("moving clock") {
    s.latency[0].clock_mhz_after = 2200;
    s.latency.push_back(s.latency[0]);
    CHECK_THAT(all(warnings(s)), ContainsSubstring("-15 %"));
  }
  SECTION("plans timed in different runs") {
    s.latency.push_back(s.latency[0]);
    CHECK(warnings(s).empty());
    s.latency[1].group_id = 7;
    CHECK_THAT(all(warnings(s)), ContainsSubstring("2 runs") && ContainsSubstring("value,ratio"));
  }
  SECTION("few rounds") {
    s.latency[0].n = 5;
    CHECK_THAT(all(warnings(s)), ContainsSubstring("Only 5 latency rounds"));
  }
  SECTION("few examples") {
    s.results[0].n = 40;
    CHECK_THAT(all(warnings(s)), ContainsSubstring("only 40 examples"));
  }
  SECTION("failures") {
    s.failures.resize(2);
    CHECK_THAT(all(warnings(s)), ContainsSubstring("2 trials failed"));
  }
  SECTION("open trials") {
    s.trials.running = 1;
    CHECK_THAT(all(warnings(s)), ContainsSubstring("1 of 5 trials are still to run"));
  }
  SECTION("short calibration") {
    s.results[0].calibration_rows = 900;
    s.results[0].calibration_rows_asked = 1600;
    CHECK_THAT(all(warnings(s)), ContainsSubstring("900 of the 1600 rows"));
  }
  CHECK(warnings(s).size() == 1);
}

TEST_CASE("notes explain the words that the tables use, and no others") {
  Snapshot s = quiet();
  CHECK(notes(s).empty());
  s.sweep.backend = "cpu";
  s.results[0].compute_dtype = "float32";
  s.results[0].plan = "hero-110010";
  CHECK_THAT(all(notes(s)), ContainsSubstring("in mode fp16 compute in FP32"));
  CHECK_THAT(all(notes(s)), ContainsSubstring("hero-XXXXXX"));
  CHECK(all(notes(s)).find("simulated") == std::string::npos);
  s.results[0].execution = "simulated";
  CHECK_THAT(all(notes(s)), ContainsSubstring("no latency"));
}
