// Whole sweeps through the real program: worker processes, a database, a real engine.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/catch.h"
#include "tests/experiments/measure/program.h"
#include "tests/experiments/measure/tiny_world.h"

using namespace herosweep;

namespace {

constexpr char kLatency[] = "latency: {batch: [1, 2], seq_len: [16], rounds: 6}\n";
constexpr char kPlans[] = "M1, M2, M3, zq-w8a8";

/// `herosweep run` on a world's sweep, with a database of its own.
class Run {
 public:
  Run(const test::TinyWorld& world, std::string database, std::vector<std::string> arguments = {})
      : world_(world), database_(world.folder() / database), arguments_(std::move(arguments)) {}

  Run& inject(const std::string& wishes) {
    environment_.push_back("HEROSWEEP_INJECT=" + wishes);
    return *this;
  }

  pid_t start() {
    std::vector<std::string> words{"run",    (world_.folder() / "sweep.yaml").string(),
                                   "--db",   database_.string(),
                                   "--jobs", "2"};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    environment_.push_back("HEROSWEEP_CACHE=" + world_.cache().string());
    return test::start_program(words, environment_, output_file());
  }
  int operator()() { return test::wait_for(start()); }

  std::string output() const { return test::read_file(output_file()); }

  /// Rows of a query, columns joined by "|".
  std::vector<std::string> rows(const std::string& sql) const {
    SQLite::Database db(database_.string(), SQLite::OPEN_READONLY);
    SQLite::Statement query(db, sql);
    std::vector<std::string> all;
    while (query.executeStep()) {
      std::string row;
      for (int c = 0; c < query.getColumnCount(); ++c)
        row.append(c ? "|" : "").append(query.getColumn(c).getString());
      all.push_back(row);
    }
    return all;
  }

  /// What a trial measured, without what depends on the clock.
  std::vector<std::string> results() const {
    return rows(
        "SELECT plan, task, trial_hash, value, ci_low, ci_high, flips, drift, cosine FROM "
        "v_results ORDER BY plan, task");
  }

  bool exists() const { return std::filesystem::exists(database_); }
  int count(const std::string& table) const {
    return std::stoi(rows("SELECT count(*) FROM " + table)[0]);
  }

 private:
  std::filesystem::path output_file() const { return database_.string() + ".out"; }

  const test::TinyWorld& world_;
  std::filesystem::path database_;
  std::vector<std::string> arguments_, environment_;
};

/// Waits until the database holds `trials` results. False after ten seconds.
bool wait_for_trials(const Run& run, int trials) {
  for (int tries = 0; tries < 1000; ++tries) {
    try {
      if (run.exists() && run.count("v_results") >= trials) return true;
    } catch (const std::exception&) {
      // The file or its tables are not there yet.
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", parent));
  return {std::istream_iterator<pid_t>(list), {}};
}

/// Whether all are gone within two seconds (the dead that nobody has reaped count as gone).
bool end_soon(const std::vector<pid_t>& processes) {
  const auto is_gone = [](pid_t pid) {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string number, name, state;
    return !(stat >> number >> name >> state) || state == "Z";
  };
  for (int tries = 0; tries < 200; ++tries) {
    if (std::all_of(processes.begin(), processes.end(), is_gone)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("a sweep runs to its end, and again does nothing") {
  const test::TinyWorld world;
  world.write_sweep(kPlans, kLatency);
  Run first(world, "a.db");
  REQUIRE(first() == 0);
  INFO(first.output());
  CHECK(first.count("v_results") == 10);
  CHECK(first.count("v_latency") == 10);
  CHECK(first.count("v_failures") == 0);
  CHECK_THAT(first.output(), ContainsSubstring("10 of 10 trials and 10 of 10 latencies done"));
  CHECK(std::filesystem::exists(world.folder() / "a.html"));
  CHECK(std::filesystem::exists(world.folder() / "a.tex"));

  Run again(world, "a.db");
  CHECK(again() == 0);
  CHECK_THAT(again.output(), ContainsSubstring("20 of 20 already done"));
  CHECK(again.count("v_latency") == 10);
  CHECK(again.count("passes") == 5);
}

TEST_CASE("a search stores its trials like a grid, and killed it goes on to the same plans") {
  const test::TinyWorld world;
  world.write_sweep("fp16", "latency: {enabled: false}\n");
  const std::vector<std::string> search{
      "--set",
      "sweep.modules={embedding: [fp16, int8], qkv: [fp16, int8], attention: [fp16, int8], "
      "attention_output: [fp16, int8], fc1: [fp16, int8], fc2: [fp16, int8]}",
      "--set",
      "sweep.search={kind: nsga2, budget: {trials: 10}, population: 4, objectives: [drift, "
      "weight_bytes]}"};
  Run whole(world, "whole.db", search);
  const int exit_code = whole();
  INFO(whole.output());
  REQUIRE(exit_code == 0);
  CHECK(whole.count("v_results") == 20);
  CHECK(whole.count("passes") == 10);
  CHECK_THAT(whole.output(), ContainsSubstring("10 of at most 10 plans measured"));

  Run killed(world, "killed.db", search);
  const pid_t pid = killed.start();
  CHECK(wait_for_trials(killed, 9));
  kill(pid, SIGKILL);
  CHECK(test::wait_for(pid) == -SIGKILL);
  Run resumed(world, "killed.db", search);
  CHECK(resumed() == 0);
  CHECK(resumed.results() == whole.results());

  Run again(world, "killed.db", search);
  CHECK(again() == 0);
  CHECK(again.count("passes") == resumed.count("passes"));
}

TEST_CASE("an injected failure costs the rows of its plan and nothing else") {
  const test::TinyWorld world;
  world.write_sweep("M1, M2, M3, zq-w8a8, ptq-w8a8", kLatency);
  Run run(world, "injected.db");
  run.inject(
      "crash@M1,nan@hero-111110:accuracy,oom@W8A8 ZeroQuant:accuracy,crash@M3:latency,"
      "checksum@ptq-w8a8");
  CHECK(run() == 1);
  INFO(run.output());
  const auto failures = run.rows(
      "SELECT plan || ' ' || coalesce(task, 'latency ' || batch) || ' ' || kind FROM v_failures "
      "ORDER BY 1");
  CHECK(failures ==
        std::vector<std::string>{"hero-110010 toy crash", "hero-110010 toy-binary crash",
                                 "hero-111110 toy nan", "hero-111110 toy-binary nan",
                                 "hero-111111 latency 1 crash", "hero-111111 latency 2 crash",
                                 "ptq-w8a8 toy checksum", "ptq-w8a8 toy-binary checksum",
                                 "zq-w8a8 toy oom", "zq-w8a8 toy-binary oom"});
  // FP16 and M3 have their accuracy; of the latency groups FP16 is left.
  CHECK(run.count("v_results") == 4);
  CHECK(run.rows("SELECT DISTINCT plan FROM v_latency") == std::vector<std::string>{"hero-000000"});

  // A plain run leaves failures alone; --only failed tries them again.
  Run plain(world, "injected.db");
  CHECK(plain() == 1);
  CHECK_THAT(plain.output(), ContainsSubstring("--only failed"));
  CHECK(plain.count("v_results") == 4);
  Run retry(world, "injected.db", {"--only", "failed"});
  CHECK(retry() == 0);
  INFO(retry.output());
  CHECK(retry.count("v_results") == 12);
  CHECK(retry.count("v_latency") == 12);
  CHECK(retry.count("v_failures") == 0);
}

// What does not hang has to finish in time, and sanitizers make it ten times slower.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr const char* kShortTimeout = "limits.timeout=20s";
#else
constexpr const char* kShortTimeout = "limits.timeout=2s";
#endif

TEST_CASE("a plan that hangs is killed at its timeout") {
  const test::TinyWorld world;
  world.write_sweep("M1, M3", "latency: {enabled: false}\n");
  Run run(world, "hang.db", {"--set", kShortTimeout});
  run.inject("hang@M3");
  CHECK(run() == 1);
  CHECK(run.rows("SELECT DISTINCT plan || ' ' || kind FROM v_failures") ==
        std::vector<std::string>{"hero-111111 timeout"});
  CHECK(run.count("v_results") == 4);

  world.write_sweep("M1, M3", "latency: {batch: [1], seq_len: [16], rounds: 6}\n");
  Run group(world, "hang-latency.db", {"--set", kShortTimeout});
  group.inject("hang@M3:latency");
  CHECK(group() == 1);
  CHECK(group.rows("SELECT plan || ' ' || kind FROM v_failures") ==
        std::vector<std::string>{"hero-111111 timeout"});
  CHECK(group.count("v_latency") == 2);
}

TEST_CASE("peers join the rounds, and one that fails costs its own rows and nothing else") {
  const test::TinyWorld world;
  world.write_sweep("M3", "latency: {enabled: false}\n");
  REQUIRE(Run(world, "peers.db")() == 0);
  const auto peer = [](const char* behaviour) {
    return fmt::format("{{name: {0}, command: [{1}/tests/experiments/measure/fake_peer.sh, {0}]}}",
                       behaviour, HEROSWEEP_SOURCE_DIR);
  };
  world.write_sweep("M3", fmt::format("latency: {{batch: [1], seq_len: [16], rounds: 6, baselines: "
                                      "[fp16, {}, {}, {}, {}]}}\n",
                                      peer("good"), peer("crash"), peer("hang"), peer("garbage")));
  // The time of a peer that hangs; a busy machine needs some to start the others.
  Run run(world, "peers.db", {"--set", "limits.timeout=4s"});
  CHECK(run() == 1);
  INFO(run.output());
  CHECK(run.rows("SELECT plan || ' ' || n || ' ' || (median_ms = .001) FROM v_latency ORDER BY "
                 "position") ==
        std::vector<std::string>{"hero-000000 6 0", "hero-111111 6 0", "good 6 1"});
  CHECK(run.rows("SELECT plan || ' ' || kind FROM v_failures ORDER BY position") ==
        std::vector<std::string>{"crash crash", "hang timeout", "garbage error"});
  CHECK_THAT(run.output(), ContainsSubstring("good (another engine): 0.001 ms"));

  // A failed peer is tried again alone; the others are left as they are.
  Run retry(world, "peers.db", {"--set", "limits.timeout=4s", "--only", "failed"});
  CHECK(retry() == 1);
  CHECK(retry.count("v_latency") == 3);
  CHECK(retry.count("v_failures") == 3);
}

TEST_CASE("Options --fail-fast and --max-failures stop a sweep") {
  const test::TinyWorld world;
  world.write_sweep("M1, M2, M3, zq-w8a8", kLatency);
  Run fast(world, "fast.db", {"--fail-fast"});
  fast.inject("nan@M1:accuracy");
  CHECK(fast() == 1);
  CHECK(fast.count("v_results") < 10);
  CHECK(fast.count("v_latency") == 0);
  CHECK_THAT(fast.output(), ContainsSubstring("stopped: too many failures"));

  Run limited(world, "limited.db", {"--max-failures", "4"});
  limited.inject("nan@M1:accuracy,nan@M2:accuracy");
  CHECK(limited() == 1);
  CHECK(limited.count("v_failures") == 4);
  CHECK(limited.count("v_latency") == 0);
}

TEST_CASE("Ctrl-C stops with 130 and leaves no worker behind, and the next run goes on") {
  const test::TinyWorld world;
  world.write_sweep(kPlans, kLatency);
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string database = "interrupted-" + std::to_string(signal) + ".db";
    Run run(world, database);
    run.inject("hang@M3:latency");
    const pid_t pid = run.start();
    CHECK(wait_for_trials(run, 10));
    for (int tries = 0; tries < 500 && children_of(pid).empty(); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const auto workers = children_of(pid);
    kill(pid, signal);
    CHECK(test::wait_for(pid) == 130);
    CHECK(end_soon(workers));
    CHECK_THAT(run.output(), ContainsSubstring("interrupted; the same command goes on"));
    Run next(world, database);
    CHECK(next() == 0);
    CHECK(next.count("v_results") == 10);
    CHECK(next.count("v_latency") == 10);
  }
}

TEST_CASE("missing data ends the run with one message before anything is recorded") {
  const test::TinyWorld world;
  world.write_sweep("M1", "latency: {enabled: false}\n");
  std::filesystem::remove(world.folder() / "toy.tsv");
  Run run(world, "missing.db");
  CHECK(run() == 3);
  CHECK_THAT(run.output(), ContainsSubstring("toy.tsv"));
}
