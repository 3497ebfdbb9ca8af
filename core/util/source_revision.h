// Which source a program was made from.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace herosweep::util {

struct SourceRevision {
  std::string sha;        // of the commit that is checked out
  bool dirty = false;     // tracked files differ from it, or there are files that git does not know
  std::string diff_hash;  // SHA-256 over those differences; empty when clean
};

/// The state of the git checkout whose top folder is `directory`, as it is now. Nothing when there
/// is no git, or the folder is not the top of a checkout (an unpacked archive, even one inside
/// another project's checkout). Takes no lock and changes nothing.
std::optional<SourceRevision> source_revision(const std::filesystem::path& directory);

}  // namespace herosweep::util
