// Subcommands of herosweep: each file adds one to the program and runs it.
#pragma once

#include <CLI/CLI.hpp>

namespace herosweep::cli {

/// Exit codes of the program.
inline constexpr int kOk = 0;
inline constexpr int kSomeFailed = 1;
inline constexpr int kUsage = 2;
inline constexpr int kEnvironment = 3;
inline constexpr int kInterrupted = 130;

/// Each adds its subcommand; when that was given, its callback runs and sets `exit_code`.
void add_plan(CLI::App& app, int& exit_code);
void add_run(CLI::App& app, int& exit_code);
void add_status(CLI::App& app, int& exit_code);
void add_show(CLI::App& app, int& exit_code);
void add_pareto(CLI::App& app, int& exit_code);
void add_compare(CLI::App& app, int& exit_code);
void add_sensitivity(CLI::App& app, int& exit_code);
void add_diff(CLI::App& app, int& exit_code);
void add_export(CLI::App& app, int& exit_code);
void add_report(CLI::App& app, int& exit_code);
void add_predict(CLI::App& app, int& exit_code);
void add_calibrate(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);
void add_models(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);
void add_tune(CLI::App& app, int& exit_code);
void add_worker(CLI::App& app, int& exit_code);

}  // namespace herosweep::cli
