// Short programs that are run to their end for what they print.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace herosweep::util {

struct CommandResult {
  int exit_code = 0;   // minus the signal that ended it
  std::string output;  // without newlines at the end
};

struct CommandOptions {
  bool with_errors = true;      // standard error is part of the output; otherwise it is dropped
  std::string_view unset = "";  // variables whose names begin so are not handed on; none when empty
};

/// Runs `words` (words[0] is looked for in PATH) without input. Throws EnvironmentError when it
/// cannot be started.
CommandResult run_command(std::vector<std::string> words, const CommandOptions& options = {});

}  // namespace herosweep::util
