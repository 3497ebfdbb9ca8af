// A peer at work: a child process that runs another engine and answers in latencies.
//
// Peer -> parent: "ready", once it can be timed.
// Parent -> peer: "run N".
// Peer -> parent: N whole numbers in one line: nanoseconds of one pass each, on the peer's clock.
// The end of its standard input ends the peer. Its standard error goes to a log.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "experiments/measure/process.h"
#include "experiments/sweep/peer.h"

namespace herosweep::measure {

/// The peer crashed, hung, or said something else than it must. It is dead.
struct PeerFailure : std::runtime_error {
  PeerFailure(std::string kind_, const std::string& message, std::string log_tail_)
      : std::runtime_error(message), kind(std::move(kind_)), log_tail(std::move(log_tail_)) {}
  std::string kind;  // crash | timeout | error
  std::string log_tail;
};

class PeerProcess {
 public:
  /// Starts `command` with `threads` threads for the usual libraries; it may use the processors
  /// that this process may. `timeout_seconds`: longest time of one answer, "ready" included.
  /// `waiting` is called about once a second while one is awaited. Throws EnvironmentError when it
  /// cannot be started.
  PeerProcess(const std::vector<std::string>& command, int threads, double timeout_seconds,
              std::filesystem::path log, std::function<void()> waiting);

  /// Both throw PeerFailure.
  void wait_ready();
  std::vector<int64_t> run(int count);

 private:
  std::string answer();
  [[noreturn]] void fail(const std::string& kind, const std::string& message);

  double timeout_seconds_;
  std::filesystem::path log_;
  std::function<void()> waiting_;
  std::unique_ptr<Process> process_;
  std::vector<std::string> lines_;  // arrived and not yet read
};

}  // namespace herosweep::measure
