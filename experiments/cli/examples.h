// Examples at the end of every command's --help.
#pragma once

#include <CLI/CLI.hpp>

namespace herosweep::cli {

/// Gives every visible subcommand of `app` its examples. Throws std::logic_error for one without.
void add_examples(CLI::App& app);

}  // namespace herosweep::cli
