// From files, `defaults:`/`include:`, `--set` and ${env:...} to one tree.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/config/problems.h"
#include "experiments/config/value.h"

namespace herosweep::config {

/// Reads `file`. A map's `include: FILE` (or a list of files), and `defaults:` at the top, stand
/// for the files' keys; later files win over earlier ones, and the map's own keys over all. File
/// names resolve against the file that names them.
Value load_tree(const std::filesystem::path& file, const Place& asked_at, Problems& problems);

/// Applies "a.b=v" to `root`: v replaces what is there, or is added. v is text, a number, or a YAML
/// list or map in flow style ("[1, 8]"). Relative paths in v resolve against the current directory.
void apply_override(Value& root, const std::string& assignment, Problems& problems);

/// Replaces ${env:NAME} and ${env:NAME:-fallback} in every scalar ($${ stands for ${).
void substitute_environment(Value& value, Problems& problems);

/// A path from a configuration: relative ones resolve against the folder of `value`'s file.
std::filesystem::path resolve_path(const Value& value);

}  // namespace herosweep::config
