// A child process that is spoken to by lines: pipes on its standard input and output, its standard
// error in a log file.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace herosweep::measure {

/// How a process ended, as text: "exit status 3", "signal 11 (Segmentation fault)".
struct ExitStatus {
  bool clean = false;  // status 0
  std::string text;
};

class Process {
 public:
  /// own: a kill reaches what the child started too, and nobody else's kill reaches the child.
  /// parents: the child dies with the group of this process.
  enum class Group { own, parents };
  /// Starts `command` (command[0] is a path). Its standard error is appended to `log`. Throws
  /// EnvironmentError when it cannot be started.
  Process(const std::vector<std::string>& command, const std::filesystem::path& log,
          Group group = Group::own);
  /// Kills and reaps a process that still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  int output() const { return output_; }  // to poll for reading
  int input() const { return input_; }    // to poll for writing while `wants_to_write`
  bool wants_to_write() const { return input_ >= 0 && !outbox_.empty(); }

  /// Queues a line and writes what the pipe takes now; `flush` writes on. A process that no longer
  /// reads shows itself by the end of its output.
  void send(std::string_view line);
  void flush();
  /// Appends the complete lines that have arrived, without blocking. False at the end of output.
  bool receive(std::vector<std::string>& lines);

  void close_input();
  void kill();
  /// Waits for the end.
  ExitStatus wait();

 private:
  Group group_;
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string outbox_;
  std::string partial_line_;
};

/// The last `bytes` of a file, from a line's beginning; "" when there is none.
std::string tail(const std::filesystem::path& file, size_t bytes);

}  // namespace herosweep::measure
