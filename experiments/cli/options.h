// Options that several subcommands share, and the places where things are by default.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "experiments/report/report.h"
#include "experiments/sweep/trial.h"

namespace herosweep::cli {

/// A sweep file and what the command line changes in it.
struct ConfigOptions {
  std::filesystem::path file;
  std::vector<std::string> overrides;  // "a.b=v"
  std::string backend;                 // "" keeps the file's
};
void add_config_options(CLI::App& command, ConfigOptions& options);
/// Throws ConfigError, ModelError, DataError.
sweep::Sweep load(const ConfigOptions& options);

void add_filter_options(CLI::App& command, report::Filter& filter);

/// results/NAME.db
std::filesystem::path default_database(const sweep::Sweep& sweep);
/// $HEROSWEEP_CACHE, else .cache in the current folder.
std::filesystem::path cache_directory();

}  // namespace herosweep::cli
