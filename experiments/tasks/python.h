// Runs experiments/prepare.py.
#pragma once

#include <filesystem>

namespace herosweep::tasks {

/// The interpreter: the environment variable HEROSWEEP_PYTHON, else the venv of the build.
std::filesystem::path python_interpreter();

/// Runs prepare.py on `request`; its output goes to `log`. Throws EnvironmentError when Python
/// cannot be started, DataError with the script's own message when it fails.
void run_prepare_script(const std::filesystem::path& request, const std::filesystem::path& log);

}  // namespace herosweep::tasks
