#include "core/util/command.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/util/error.h"

namespace herosweep::util {

namespace {

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t bytes = ::read(descriptor, buffer.data(), buffer.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) break;
    text.append(buffer.data(), static_cast<size_t>(bytes));
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

int exit_code_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw EnvironmentError(std::string("waitpid: ") + std::strerror(errno));
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<char*> environment_without(std::string_view unset) {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (unset.empty() || !std::string_view(*variable).starts_with(unset)) kept.push_back(*variable);
  kept.push_back(nullptr);
  return kept;
}

}  // namespace

CommandResult run_command(std::vector<std::string> words, const CommandOptions& options) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    throw EnvironmentError(std::string("pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  if (options.with_errors)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], STDERR_FILENO);
  else
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(),
                                     environment_without(options.unset).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  CommandResult result;
  if (failure == 0) result.output = read_to_end(pipe[0]);
  ::close(pipe[0]);
  if (failure != 0)
    throw EnvironmentError(words[0] + " cannot be started: " + std::strerror(failure));
  result.exit_code = exit_code_of(child);
  return result;
}

}  // namespace herosweep::util
