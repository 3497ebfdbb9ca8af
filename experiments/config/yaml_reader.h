// YAML text to a tree of values with places. Safe on untrusted files: size, depth and the growth
// through aliases are limited.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "experiments/config/problems.h"
#include "experiments/config/value.h"

namespace herosweep::config {

inline constexpr size_t kMaxFileBytes = size_t{1} << 20;
inline constexpr size_t kMaxDepth = 32;
/// Of the tree after aliases are copied: text, and 64 bytes a node.
inline constexpr size_t kMaxTreeBytes = size_t{16} << 20;

/// Reads one document. What is wrong (syntax, duplicate keys, keys that are no words, tags, a
/// second document, a limit) is added to `problems`; a document that cannot be read is null.
Value read_yaml(const std::string& text, const std::shared_ptr<const Source>& source,
                Problems& problems);

/// The same of a file; a file that cannot be read is a problem placed at `asked_at` (or at the file
/// itself when that has no source).
Value read_yaml_file(const std::filesystem::path& file, const Place& asked_at, Problems& problems);

}  // namespace herosweep::config
