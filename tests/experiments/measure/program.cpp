#include "tests/experiments/measure/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace herosweep::test {

namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

pid_t start_program(std::vector<std::string> arguments, std::vector<std::string> environment,
                    const std::filesystem::path& output) {
  arguments.insert(arguments.begin(), HEROSWEEP_PROGRAM);
  for (char** variable = environ; *variable; ++variable) environment.emplace_back(*variable);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = 0;
  const int error = posix_spawn(&process, HEROSWEEP_PROGRAM, &actions, nullptr,
                                pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " HEROSWEEP_PROGRAM);
  return process;
}

int wait_for(pid_t process) {
  int status = 0;
  waitpid(process, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

ProgramResult run_program(std::vector<std::string> arguments, const std::filesystem::path& folder) {
  const auto output = folder / "output.txt";
  const int exit_code = wait_for(start_program(
      std::move(arguments), {"HEROSWEEP_CACHE=" + (folder / "cache").string()}, output));
  return {exit_code, read_file(output)};
}

}  // namespace herosweep::test
