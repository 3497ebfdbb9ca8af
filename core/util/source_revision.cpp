#include "core/util/source_revision.h"

#include <utility>
#include <vector>

#include "core/util/command.h"
#include "core/util/error.h"
#include "core/util/sha256.h"

namespace herosweep::util {
namespace {

/// Output of `git ARGUMENTS` in `directory`; nothing when it fails.
std::optional<std::string> git(const std::filesystem::path& directory,
                               std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"git", "--no-optional-locks", "-C", directory.string()});
  // Inside a git hook GIT_DIR and its kin point at another repository.
  const CommandOptions options{.with_errors = false, .unset = "GIT_"};
  try {
    auto [exit_code, output] = run_command(std::move(arguments), options);
    if (exit_code == 0) return std::move(output);
  } catch (const EnvironmentError&) {  // there is no git
  }
  return std::nullopt;
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
  if (!top || !std::filesystem::equivalent(*top, directory, error)) return std::nullopt;
  const auto sha = git(directory, {"rev-parse", "HEAD"});
  const auto diff = git(directory, {"diff", "HEAD", "--no-ext-diff", "--no-color", "--binary"});
  const auto unknown = git(directory, {"ls-files", "--others", "--exclude-standard", "-z"});
  if (!sha || !diff || !unknown) return std::nullopt;
  SourceRevision revision{*sha, !diff->empty() || !unknown->empty(), ""};
  if (revision.dirty) revision.diff_hash = hash_differences(directory, *diff, *unknown);
  return revision;
}

}  // namespace herosweep::util
