#include "experiments/measure/worker.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/util/error.h"
#include "experiments/measure/accuracy.h"
#include "experiments/measure/injection.h"
#include "experiments/measure/latency.h"
#include "experiments/measure/seal.h"
#include "kernels/cuda/cuda.h"

namespace herosweep::measure {

namespace {

using nlohmann::json;

/// Lines to the parent. Whatever a library prints to standard output goes to the log instead.
class Parent {
 public:
  Parent() : descriptor_(dup(STDOUT_FILENO)) { dup2(STDERR_FILENO, STDOUT_FILENO); }
  ~Parent() { close(descriptor_); }
  Parent(const Parent&) = delete;
  Parent& operator=(const Parent&) = delete;

  void tell(const json& event) const {
    // Invalid UTF-8 in a message must not cost the answer.
    std::string line = event.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
    for (size_t sent = 0; sent < line.size();) {
      const ssize_t written = write(descriptor_, line.data() + sent, line.size() - sent);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) _exit(1);  // the parent is gone
      sent += static_cast<size_t>(written);
    }
  }

 private:
  int descriptor_;
};

class Worker {
 public:
  /// False when the worker shall end.
  bool handle(const std::string& line) {
    const json request = json::parse(line);
    const std::string type = request.at("type");
    if (type == "quit") return false;
    job_ = request.at("job");
    damaged_ = false;
    try {
      json answer = run(type, request);
      seal(answer);
      if (damaged_) answer["damaged"] = true;
      answer["event"] = "result";
      answer["job"] = job_;
      parent_.tell(answer);
    } catch (const kernels::CudaError& error) {
      // The context of this process is lost, and everything in it: the parent starts another.
      fail(error.out_of_memory ? "oom" : "cuda", error.what(), /*fatal=*/true);
      return false;
    } catch (const engine::NonFiniteError& error) {
      fail("nan", error.what());
    } catch (const std::bad_alloc&) {
      fail("oom", "the machine has no more memory; fewer --jobs or a smaller batch need less");
    } catch (const DataError& error) {
      fail("data", error.what());
    } catch (const ModelError& error) {
      fail("model", error.what());
    } catch (const PlanError& error) {
      fail("plan", error.what());
    } catch (const std::exception& error) {
      fail("error", error.what());
    }
    return true;
  }

 private:
  json run(const std::string& type, const json& request) {
    const Progress progress = [&](int done, int total, const std::string& what) {
      report(done, total, what, "");
    };
    if (type == "latency") return latency(latency_job_from_json(request));
    const AccuracyJob job = accuracy_job_from_json(request);
    if (type == "prepare") {
      accuracy_.prepare(job, progress);
      return json::object();
    }
    if (type != "accuracy") throw std::invalid_argument("unknown job type " + type);
    inject_failure(job.variant.plan, "accuracy");
    damaged_ = is_injected("checksum", job.variant.plan, "accuracy");
    return to_json(accuracy_.evaluate(job, progress));
  }

  json latency(const LatencyJob& job) {
    return to_json(
        measure_latency(job, resources_, [&](int done, int total, const Contender& next) {
          report(done, total, next.name(), next.plan_hash());
          if (next.plan() != nullptr) inject_failure(*next.plan(), "latency");
        }));
  }

  void report(int done, int total, const std::string& what, const std::string& plan_hash) const {
    json event{
        {"event", "progress"}, {"job", job_}, {"done", done}, {"total", total}, {"what", what}};
    if (!plan_hash.empty()) event["plan_hash"] = plan_hash;
    parent_.tell(event);
  }

  void fail(const std::string& kind, const std::string& message, bool fatal = false) const {
    std::cerr << kind << ": " << message << std::endl;
    json event{{"event", "failure"}, {"job", job_}, {"kind", kind}, {"message", message}};
    if (fatal) event["fatal"] = true;
    parent_.tell(event);
  }

  Parent parent_;
  Resources resources_;
  AccuracyEvaluator accuracy_{resources_};
  int job_ = -1;
  bool damaged_ = false;  // the answer shall not survive its way, for tests
};

}  // namespace

int run_worker() {
  // A parent that is killed cannot say goodbye: the kernel does it. One that died before this line
  // has closed our standard input.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // A peer that died is noticed by the end of its output.
  std::signal(SIGPIPE, SIG_IGN);
  Worker worker;
  for (std::string line; std::getline(std::cin, line);)
    if (!worker.handle(line)) break;
  return 0;
}

}  // namespace herosweep::measure
