// Spreads jobs over worker processes, watches them, and turns every way to fail into a value.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "experiments/measure/process.h"
#include "experiments/store/store.h"

namespace herosweep::measure {

struct JobRequest {
  int id = 0;
  std::string line;                     // one of protocol.h
  double timeout_seconds = 600;         // then the worker is killed
  bool timeout_since_progress = false;  // the time runs from the last sign of life
};

/// What the owner of the jobs hears, on the calling thread.
class JobListener {
 public:
  virtual ~JobListener() = default;
  virtual void started(int job) = 0;
  virtual void progressed(int job, const nlohmann::json& event) = 0;
  virtual void finished(int job, const nlohmann::json& result) = 0;
  /// `last_progress` is the last event before the failure, or null.
  virtual void failed(int job, const store::Failure& failure,
                      const nlohmann::json& last_progress) = 0;
  /// Called several times a second.
  virtual void tick() = 0;

  enum class Stop { no, after_running_jobs, at_once };
  virtual Stop stop() = 0;
};

class Dispatcher {
 public:
  /// `command` starts a worker; logs go to `log_directory`/worker-N.log. Where there are several
  /// `devices`, worker N is told to use the device N modulo `devices`.
  Dispatcher(std::vector<std::string> command, std::filesystem::path log_directory,
             int devices = 1);
  ~Dispatcher();

  /// Runs jobs in order on up to `workers` processes that live as long as this call; a worker that
  /// dies costs its job and is replaced. Returns whether every job was given to the listener as
  /// finished or failed (false: the listener stopped it).
  bool run(std::vector<JobRequest> jobs, int workers, JobListener& listener);

 private:
  struct Worker;
  using Clock = std::chrono::steady_clock;

  void assign(Worker& worker, const JobRequest& job, JobListener& listener);
  void wait_for_events();
  void read(Worker& worker, JobListener& listener);
  void handle(Worker& worker, const std::string& line, JobListener& listener);
  void check_timeout(Worker& worker, JobListener& listener);
  void bury(Worker& worker, const std::string& kind, const std::string& message,
            JobListener& listener);
  bool any_busy() const;

  std::vector<std::string> command_;
  std::filesystem::path log_directory_;
  int devices_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace herosweep::measure
