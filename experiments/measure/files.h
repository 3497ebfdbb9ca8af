// Where derived data is cached. A file's name carries the hash of the content it came from, so a
// stale file is never read; files appear whole or not at all, so workers may race for one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/util/error.h"

namespace herosweep::measure {

/// `cache`/`kind`/`key`.safetensors; the folder is made. Throws EnvironmentError when it cannot be.
std::filesystem::path cache_file(const std::filesystem::path& cache, const std::string& kind,
                                 const std::string& key);

/// What `read` makes of `file`, or nothing when there is no such file or it is damaged: a cache can
/// always be computed again.
template <typename Read>
auto read_cached(const std::filesystem::path& file, const Read& read)
    -> std::optional<decltype(read())> {
  if (!std::filesystem::exists(file)) return std::nullopt;
  try {
    return read();
  } catch (const ModelError&) {
  } catch (const DataError&) {
  }
  return std::nullopt;
}

}  // namespace herosweep::measure
