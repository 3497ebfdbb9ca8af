// From YAML to a Sweep. Strict: every problem of a file is reported at once, with its place.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/sweep/space.h"
#include "experiments/sweep/trial.h"

namespace herosweep::config {

/// Reads `file` with its `defaults:`/`include:` files and `overrides` ("a.b=v"), and checks all
/// that needs neither model nor data. Throws ConfigError listing every problem as
/// "file:line:column: path: what, and what to do".
sweep::SweepRequest parse(const std::filesystem::path& file,
                          const std::vector<std::string>& overrides);

/// `parse`, then the facts of model and task files, then sweep::expand. Throws ConfigError,
/// ModelError (the model directory), DataError (task files that are missing) or EnvironmentError
/// (a baseline of another engine that cannot run here).
sweep::Sweep load_sweep(const std::filesystem::path& file,
                        const std::vector<std::string>& overrides);

/// A task by name (NAME.yaml in tasks/ or ../tasks/ of `relative_to`, or among the project's
/// own), or by a path that ends in .yaml. Throws ConfigError.
tasks::TaskSpec load_task(const std::string& name_or_path,
                          const std::filesystem::path& relative_to);

/// JSON Schema (draft 2020-12) of the sweep file, from the same field descriptors.
nlohmann::json schema();
/// The same of a task file.
nlohmann::json task_schema();

}  // namespace herosweep::config
