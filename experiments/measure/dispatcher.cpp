#include "experiments/measure/dispatcher.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace herosweep::measure {

namespace {

constexpr int kPollMilliseconds = 100;  // how late a timeout, a signal or the heartbeat may be seen
constexpr size_t kLogTailBytes = 4096;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

/// A slot: the process in it may be replaced.
struct Dispatcher::Worker {
  std::vector<std::string> command;
  std::filesystem::path log;
  std::unique_ptr<Process> process;
  std::optional<JobRequest> job;
  Clock::time_point since;  // the clock of the timeout
  nlohmann::json last_progress;
  bool ending = false;  // it said that it ends: it gets no other job
};

Dispatcher::Dispatcher(std::vector<std::string> command, std::filesystem::path log_directory,
                       int devices)
    : command_(std::move(command)), log_directory_(std::move(log_directory)), devices_(devices) {
  std::filesystem::create_directories(log_directory_);
}

Dispatcher::~Dispatcher() = default;

bool Dispatcher::run(std::vector<JobRequest> jobs, int workers, JobListener& listener) {
  const auto slots = std::min<size_t>(static_cast<size_t>(std::max(workers, 1)), jobs.size());
  workers_.clear();
  for (size_t w = 0; w < slots; ++w) {
    workers_.push_back(std::make_unique<Worker>());
    workers_[w]->command = command_;
    if (devices_ > 1)
      for (const std::string& word : {std::string("--device"), std::to_string(w % devices_)})
        workers_[w]->command.push_back(word);
    workers_[w]->log = log_directory_ / fmt::format("worker-{}.log", w);
    std::filesystem::remove(workers_[w]->log);
  }
  size_t next = 0;
  while (true) {
    const auto stop = listener.stop();
    if (stop == JobListener::Stop::at_once) break;
    if (stop == JobListener::Stop::no)
      for (auto& worker : workers_)
        if (!worker->job && next < jobs.size()) assign(*worker, jobs[next++], listener);
    if (!any_busy()) break;
    wait_for_events();
    for (auto& worker : workers_) {
      if (worker->process) read(*worker, listener);
      if (worker->job) check_timeout(*worker, listener);
    }
    listener.tick();
  }
  const bool complete = next == jobs.size() && !any_busy();
  for (auto& worker : workers_)
    if (worker->process && !worker->job) worker->process->close_input();
  workers_.clear();
  return complete;
}

bool Dispatcher::any_busy() const {
  return std::any_of(workers_.begin(), workers_.end(),
                     [](const auto& worker) { return worker->job.has_value(); });
}

void Dispatcher::assign(Worker& worker, const JobRequest& job, JobListener& listener) {
  if (!worker.process) worker.process = std::make_unique<Process>(worker.command, worker.log);
  worker.job = job;
  worker.since = Clock::now();
  worker.last_progress = nullptr;
  worker.process->send(job.line);
  listener.started(job.id);
}

void Dispatcher::wait_for_events() {
  std::vector<pollfd> descriptors;
  for (const auto& worker : workers_) {
    if (!worker->process) continue;
    descriptors.push_back({worker->process->output(), POLLIN, 0});
    if (worker->process->wants_to_write())
      descriptors.push_back({worker->process->input(), POLLOUT, 0});
  }
  // An interrupted poll is no error: the loop looks at the stop request next.
  poll(descriptors.data(), descriptors.size(), kPollMilliseconds);
}

void Dispatcher::read(Worker& worker, JobListener& listener) {
  worker.process->flush();
  std::vector<std::string> lines;
  const bool open = worker.process->receive(lines);
  for (const std::string& line : lines) handle(worker, line, listener);
  if (worker.ending) {
    worker.process.reset();
    worker.ending = false;
    return;
  }
  if (open) return;
  const ExitStatus status = worker.process->wait();
  bury(worker, "crash", fmt::format("the worker process died: {}", status.text), listener);
}

void Dispatcher::handle(Worker& worker, const std::string& line, JobListener& listener) {
  const auto event = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!worker.job || !event.is_object() || event.value("job", -1) != worker.job->id) return;
  const std::string kind = event.value("event", "");
  const int id = worker.job->id;
  if (kind == "progress") {
    if (worker.job->timeout_since_progress) worker.since = Clock::now();
    worker.last_progress = event;
    listener.progressed(id, event);
  } else if (kind == "result") {
    worker.job.reset();
    listener.finished(id, event);
  } else if (kind == "failure") {
    worker.job.reset();
    worker.ending = event.value("fatal", false);
    listener.failed(
        id,
        {event.value("kind", "error"), event.value("message", ""), tail(worker.log, kLogTailBytes)},
        worker.last_progress);
  }
}

void Dispatcher::check_timeout(Worker& worker, JobListener& listener) {
  const double limit = worker.job->timeout_seconds;
  if (limit <= 0 || seconds_since(worker.since) < limit) return;
  worker.process->kill();
  worker.process->wait();
  bury(worker, "timeout",
       fmt::format("no {} after {:g} s (limits.timeout); raise the limit if the plan is only slow",
                   worker.job->timeout_since_progress ? "sign of life" : "result", limit),
       listener);
}

void Dispatcher::bury(Worker& worker, const std::string& kind, const std::string& message,
                      JobListener& listener) {
  worker.process.reset();
  if (!worker.job) return;
  const int id = worker.job->id;
  worker.job.reset();
  listener.failed(id, {kind, message, tail(worker.log, kLogTailBytes)}, worker.last_progress);
}

}  // namespace herosweep::measure
