#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "experiments/measure/dispatcher.h"
#include "tests/catch.h"
#include "tests/experiments/measure/temporary_folder.h"

using namespace herosweep;
using namespace herosweep::measure;

namespace {

/// Writes down what it hears.
class Recorder : public JobListener {
 public:
  void started(int job) override { order.push_back(job); }
  void progressed(int, const nlohmann::json&) override { ++progress_events; }
  void finished(int job, const nlohmann::json& result) override {
    finished_jobs.insert(job);
    pids.insert(result.value("pid", 0));
    devices.insert(result.value("device", -2));
  }
  void failed(int job, const store::Failure& failure, const nlohmann::json& last) override {
    failures[job] = failure;
    last_progress[job] = last;
  }
  void tick() override { ++ticks; }
  Stop stop() override {
    return static_cast<int>(finished_jobs.size() + failures.size()) >= stop_after ? how : Stop::no;
  }

  std::vector<int> order;
  std::set<int> finished_jobs, pids, devices;
  std::map<int, store::Failure> failures;
  std::map<int, nlohmann::json> last_progress;
  int progress_events = 0, ticks = 0;
  int stop_after = 1 << 30;
  Stop how = Stop::after_running_jobs;
};

JobRequest job(int id, const std::string& deed, double timeout = 30, bool since_progress = false) {
  return {id, fmt::format(R"({{"job":{},"do":"{}"}})", id, deed), timeout, since_progress};
}

bool run(std::vector<JobRequest> jobs, int workers, Recorder& recorder, int devices = 1) {
  std::signal(SIGPIPE, SIG_IGN);
  test::TemporaryFolder folder;
  const std::string script =
      std::string(HEROSWEEP_SOURCE_DIR) + "/tests/experiments/measure/fake_worker.sh";
  return Dispatcher({"/bin/sh", script}, folder / "logs", devices)
      .run(std::move(jobs), workers, recorder);
}

}  // namespace

TEST_CASE("jobs start in order and spread over the workers") {
  Recorder recorder;
  CHECK(run({job(0, "slow"), job(1, "slow"), job(2, "ok"), job(3, "ok")}, 2, recorder));
  CHECK(recorder.order == std::vector<int>{0, 1, 2, 3});
  CHECK(recorder.finished_jobs == std::set<int>{0, 1, 2, 3});
  CHECK(recorder.pids.size() == 2);
  CHECK(recorder.progress_events == 12);
  CHECK(recorder.ticks > 0);
}

TEST_CASE("every worker is told its device where there are several") {
  Recorder alone, three, two;
  CHECK(run({job(0, "ok"), job(1, "ok")}, 2, alone));
  CHECK(alone.devices == std::set<int>{-1});
  CHECK(run({job(0, "slow"), job(1, "slow"), job(2, "slow")}, 3, three, 3));
  CHECK(three.devices == std::set<int>{0, 1, 2});
  // One worker alone, as in a latency group, has the first; more than devices share them.
  CHECK(run({job(0, "ok"), job(1, "ok")}, 1, two, 2));
  CHECK(two.devices == std::set<int>{0});
}

TEST_CASE("a worker that dies costs its job, is replaced, and leaves its log") {
  Recorder recorder;
  CHECK(run({job(0, "ok"), job(1, "crash"), job(2, "exit"), job(3, "ok")}, 1, recorder));
  CHECK(recorder.finished_jobs == std::set<int>{0, 3});
  CHECK(recorder.pids.size() == 2);
  REQUIRE(recorder.failures.size() == 2);
  CHECK(recorder.failures[1].kind == "crash");
  CHECK_THAT(recorder.failures[1].message, ContainsSubstring("signal 11"));
  CHECK_THAT(recorder.failures[1].log_tail, ContainsSubstring("about to crash"));
  CHECK_THAT(recorder.failures[2].message, ContainsSubstring("exit status 3"));
}

TEST_CASE("a job beyond its time is killed, and signs of life may extend it") {
  Recorder recorder;
  CHECK(run({job(0, "hang", 0.3), job(1, "slow", 0.35, true), job(2, "slow", 0.35, false)}, 1,
            recorder));
  CHECK(recorder.finished_jobs == std::set<int>{1});
  REQUIRE(recorder.failures.size() == 2);
  CHECK(recorder.failures[0].kind == "timeout");
  CHECK(recorder.failures[2].kind == "timeout");
}

TEST_CASE("a failure that the worker reports keeps the worker and the last progress") {
  Recorder recorder;
  CHECK(run({job(0, "fail"), job(1, "ok")}, 1, recorder));
  CHECK(recorder.failures[0].kind == "nan");
  CHECK(recorder.failures[0].message == "layer 3");
  CHECK(recorder.last_progress[0].at("plan_hash") == "culprit");
  CHECK(recorder.finished_jobs == std::set<int>{1});
}

TEST_CASE("lines that are no events, or of other jobs, are passed over") {
  Recorder recorder;
  CHECK(run({job(0, "babble"), job(1, "ok")}, 1, recorder));
  CHECK(recorder.finished_jobs == std::set<int>{0, 1});
}

TEST_CASE("stopping lets jobs in flight finish, or does not") {
  Recorder patient;
  patient.stop_after = 1;
  CHECK_FALSE(run({job(0, "ok"), job(1, "slow"), job(2, "ok"), job(3, "ok")}, 2, patient));
  CHECK(patient.finished_jobs.count(1) == 1);
  CHECK(patient.order.size() <= 3);

  Recorder abrupt;
  abrupt.stop_after = 1;
  abrupt.how = JobListener::Stop::at_once;
  CHECK_FALSE(run({job(0, "ok"), job(1, "hang"), job(2, "ok")}, 2, abrupt));
  CHECK(abrupt.finished_jobs.count(1) == 0);
}

TEST_CASE("no jobs need no workers") {
  Recorder recorder;
  CHECK(run({}, 2, recorder));
}
