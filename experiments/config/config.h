// From YAML to a Sweep. Strict: every problem of a file is reported at once, with its place.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/sweep/trial.h"

namespace herosweep::config {

/// Reads `file` (with its `defaults:`/`include:` files and `overrides` "a.b=v"), checks everything
/// that can be checked without running, and expands it into variants and trials. Throws ConfigError
/// listing every problem as "file:line:column: path: what, and what to do". `backend_override`: ""
/// or what --backend said.
sweep::Sweep load_sweep(const std::filesystem::path& file,
                        const std::vector<std::string>& overrides);

/// A task by name (configs/tasks/NAME.yaml beside the sweep's folder or in the installed configs)
/// or by path.
tasks::TaskSpec load_task(const std::string& name_or_path,
                          const std::filesystem::path& relative_to);

/// JSON Schema of the sweep file, from the same field descriptors.
nlohmann::json schema();

}  // namespace herosweep::config
