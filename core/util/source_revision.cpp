#include "core/util/source_revision.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "core/util/error.h"
#include "core/util/sha256.h"

namespace herosweep::util {
namespace {

// Inside a git hook GIT_DIR and its kin point at another repository.
std::vector<char*> environment_without_git() {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (!std::string_view(*variable).starts_with("GIT_")) kept.push_back(*variable);
  kept.push_back(nullptr);
  return kept;
}

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t bytes = ::read(descriptor, buffer.data(), buffer.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return text;
    text.append(buffer.data(), static_cast<size_t>(bytes));
  }
}

bool succeeded(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Output of `git ARGUMENTS` in `directory`; nothing when it fails.
std::optional<std::string> git(const std::filesystem::path& directory,
                               std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"git", "--no-optional-locks", "-C", directory.string()});
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return std::nullopt;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, "git", &actions, nullptr, argv.data(),
                                     environment_without_git().data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  std::string output = failure == 0 ? read_to_end(pipe[0]) : "";
  ::close(pipe[0]);
  if (failure != 0 || !succeeded(child)) return std::nullopt;
  return output;
}

std::string without_newline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// Hash of the tracked changes and of every unknown file's name and contents.
std::string hash_differences(const std::filesystem::path& directory, const std::string& diff,
                             const std::string& unknown) {
  Sha256 hash;
  hash.update(diff);
  for (size_t begin = 0; begin < unknown.size();) {
    const size_t end = unknown.find('\0', begin);
    const std::string file = unknown.substr(begin, end - begin);
    hash.update("\n" + file + "\n");
    try {
      hash.update(sha256_file(directory / file));
    } catch (const DataError&) {
      hash.update("unreadable");  // a dangling link, or a file that was removed meanwhile
    }
    begin = end == std::string::npos ? unknown.size() : end + 1;
  }
  return hash.hex();
}

}  // namespace

std::optional<SourceRevision> source_revision(const std::filesystem::path& directory) {
  const auto top = git(directory, {"rev-parse", "--show-toplevel"});
  std::error_code error;
  if (!top || !std::filesystem::equivalent(without_newline(*top), directory, error))
    return std::nullopt;
  const auto sha = git(directory, {"rev-parse", "HEAD"});
  const auto diff = git(directory, {"diff", "HEAD", "--no-ext-diff", "--no-color", "--binary"});
  const auto unknown = git(directory, {"ls-files", "--others", "--exclude-standard", "-z"});
  if (!sha || !diff || !unknown) return std::nullopt;
  SourceRevision revision{without_newline(*sha), !diff->empty() || !unknown->empty(), ""};
  if (revision.dirty) revision.diff_hash = hash_differences(directory, *diff, *unknown);
  return revision;
}

}  // namespace herosweep::util
