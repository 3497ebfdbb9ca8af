// What `doctor` looks at, one finding a check.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace herosweep::cli {

struct Finding {
  enum class Verdict { good, note, missing } verdict = Verdict::good;
  std::string subject;  // "CPU"
  std::string what;     // what was found
  std::string remedy;   // the command that fixes it; "" when nothing is wrong
};

/// Instruction sets that matter here and the kernels that dispatch chose.
std::vector<Finding> check_processor();
std::vector<Finding> check_memory();
/// Libraries this program was built with and runs with.
std::vector<Finding> check_libraries();
/// The interpreter and the packages that prepare.py imports.
std::vector<Finding> check_python();
std::vector<Finding> check_gpu();
/// The model and data of a sweep file.
std::vector<Finding> check_config(const std::filesystem::path& config);

}  // namespace herosweep::cli
