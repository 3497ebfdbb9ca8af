// Runs the herosweep program.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace herosweep::test {

/// Starts `herosweep` with `arguments` and `environment` ("NAME=value", before the inherited one);
/// both output streams go to `output`.
pid_t start_program(std::vector<std::string> arguments, std::vector<std::string> environment,
                    const std::filesystem::path& output);

/// Exit code, or minus the signal that ended it.
int wait_for(pid_t process);

std::string read_file(const std::filesystem::path& file);

struct ProgramResult {
  int exit_code = 0;
  std::string output;
};
/// Runs it to its end; `folder` keeps its output and its cache.
ProgramResult run_program(std::vector<std::string> arguments, const std::filesystem::path& folder);

}  // namespace herosweep::test
