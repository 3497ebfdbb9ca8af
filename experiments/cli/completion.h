// Completion scripts for shells, written from the commands and options that the program has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace herosweep::cli {

struct CompletedOption {
  std::vector<std::string> names;  // "--output", "-o"; empty: positional
  std::string doc;
  bool takes_value = false;
  std::vector<std::string> choices;  // empty: a file, or anything
};

struct CompletedCommand {
  std::string name, doc;
  std::vector<CompletedOption> options;
};

/// The visible subcommands of `app`.
std::vector<CompletedCommand> completed_commands(const CLI::App& app);

std::string bash_completion(const std::vector<CompletedCommand>& commands);
std::string zsh_completion(const std::vector<CompletedCommand>& commands);
std::string fish_completion(const std::vector<CompletedCommand>& commands);

}  // namespace herosweep::cli
