// Short programs that are run to their end for what they print.
#pragma once

#include <string>
#include <vector>

namespace herosweep::util {

struct CommandResult {
  int exit_code = 0;   // minus the signal that ended it
  std::string output;  // both streams, without newlines at the end
};

/// Runs `words` (words[0] is looked for in PATH) without input. Throws EnvironmentError when it
/// cannot be started.
CommandResult run_command(std::vector<std::string> words);

}  // namespace herosweep::util
