#include "experiments/measure/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "core/util/error.h"

namespace herosweep::measure {

namespace {

[[noreturn]] void fail(const std::string& what, int error) {
  throw EnvironmentError(
      fmt::format("cannot start a worker process: {}: {}", what, std::strerror(error)));
}

struct Pipe {
  int read = -1;
  int write = -1;
  // Close-on-exec: a worker that inherited another's pipe would keep it open, and the end of its
  // input would never arrive.
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe", errno);
    read = ends[0];
    write = ends[1];
  }
};

void set_nonblocking(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

/// The child gets default signal dispositions whatever the parent handles or ignores, and maybe a
/// process group of its own: Ctrl-C on the terminal is the parent's business.
void detach_signals(posix_spawnattr_t* attributes, Process::Group group) {
  sigset_t defaults, none;
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&defaults, signal);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(attributes, &defaults);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setpgroup(attributes, 0);
  const int grouping = group == Process::Group::own ? POSIX_SPAWN_SETPGROUP : 0;
  posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | grouping);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& log,
                 Group group)
    : group_(group) {
  const Pipe to_child, from_child;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_child.read, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, from_child.write, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  detach_signals(&attributes, group);

  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int error =
      posix_spawn(&pid_, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(to_child.read);
  close(from_child.write);
  input_ = to_child.write;
  output_ = from_child.read;
  if (error != 0) {
    close(input_);
    close(output_);
    fail(command[0], error);
  }
  set_nonblocking(input_);
  set_nonblocking(output_);
}

Process::~Process() {
  if (pid_ > 0) {
    kill();
    wait();
  }
  close_input();
  if (output_ >= 0) close(output_);
}

void Process::send(std::string_view line) {
  outbox_ += line;
  outbox_ += '\n';
  flush();
}

void Process::flush() {
  while (wants_to_write()) {
    const ssize_t written = write(input_, outbox_.data(), outbox_.size());
    if (written > 0) {
      outbox_.erase(0, static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      outbox_.clear();  // the end of its output follows and says why
    } else if (errno != EINTR) {
      return;
    }
  }
}

bool Process::receive(std::vector<std::string>& lines) {
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t bytes = read(output_, buffer.data(), buffer.size());
    if (bytes == 0) return false;
    if (bytes < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    partial_line_.append(buffer.data(), static_cast<size_t>(bytes));
    for (size_t end; (end = partial_line_.find('\n')) != std::string::npos;) {
      lines.push_back(partial_line_.substr(0, end));
      partial_line_.erase(0, end + 1);
    }
  }
}

void Process::close_input() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

void Process::kill() {
  if (pid_ > 0) ::kill(group_ == Group::own ? -pid_ : pid_, SIGKILL);
}

ExitStatus Process::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return {false, fmt::format("signal {} ({})", signal, strsignal(signal))};
  }
  return {status == 0, fmt::format("exit status {}", WEXITSTATUS(status))};
}

std::string tail(const std::filesystem::path& file, size_t bytes) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return "";
  const auto size = static_cast<size_t>(in.tellg());
  const size_t start = size > bytes ? size - bytes : 0;
  in.seekg(static_cast<std::streamoff>(start));
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (start > 0) text.erase(0, text.find('\n') + 1);
  return text;
}

}  // namespace herosweep::measure
