#include "experiments/tasks/python.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "core/util/error.h"
#include "core/util/project_file.h"

namespace herosweep::tasks {
namespace {

namespace fs = std::filesystem;

/// Standard streams of the child: a worker's own carry its protocol and must not be touched.
class ChildStreams {
 public:
  explicit ChildStreams(const fs::path& log) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
  }
  ~ChildStreams() { posix_spawn_file_actions_destroy(&actions_); }
  ChildStreams(const ChildStreams&) = delete;
  ChildStreams& operator=(const ChildStreams&) = delete;
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

/// Runs `arguments` (ended by a null pointer) to its end and returns waitpid's status.
int run_and_wait(char* const arguments[], const fs::path& log) {
  const ChildStreams streams(log);
  pid_t child = 0;
  if (const int error =
          posix_spawn(&child, arguments[0], streams.get(), nullptr, arguments, environ);
      error != 0)
    throw EnvironmentError(
        fmt::format("Python cannot be started at {} ({}); run `make setup`, or "
                    "set HEROSWEEP_PYTHON to an interpreter with tokenizers, "
                    "safetensors and numpy",
                    arguments[0], std::strerror(error)));
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw EnvironmentError(fmt::format("waitpid: {}", std::strerror(errno)));
  return status;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

fs::path python_interpreter() {
  const char* chosen = std::getenv("HEROSWEEP_PYTHON");
  return chosen != nullptr && *chosen != '\0' ? chosen : HEROSWEEP_DEFAULT_PYTHON;
}

void run_prepare_script(const fs::path& request, const fs::path& log) {
  std::string python = python_interpreter().string();
  std::string script = util::project_file("experiments/prepare.py").string();
  std::string argument = request.string();
  const std::array<char*, 4> arguments{python.data(), script.data(), argument.data(), nullptr};
  const int status = run_and_wait(arguments.data(), log);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const std::string ending = WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                                               : fmt::format("signal {}", WTERMSIG(status));
  const std::string message = text_of(log);
  throw DataError(message.empty() ? fmt::format("{} ended with {}", script, ending) : message);
}

}  // namespace herosweep::tasks
