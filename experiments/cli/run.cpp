#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/util/atomic_file.h"
#include "core/util/environment.h"
#include "core/util/error.h"
#include "experiments/cli/command.h"
#include "experiments/cli/options.h"
#include "experiments/cli/version.h"
#include "experiments/measure/runner.h"

namespace herosweep::cli {

namespace {

struct Options {
  ConfigOptions config;
  std::filesystem::path database;
  measure::RunOptions run;
};

void print_summary(const measure::RunSummary& summary) {
  const measure::Tally& after = summary.after;
  std::string latencies;
  if (after.latencies > 0)
    latencies = fmt::format(" and {} of {} latencies", after.latencies_done, after.latencies);
  fmt::print("{} of {} trials{} done, {} failed, in {}\n", after.trials_done, after.trials,
             latencies, after.failed(), measure::format_duration(summary.seconds));
}

/// The Pareto table (results where nothing was timed) here, tables and page beside the database.
void write_outputs(store::Store& store, const std::string& sweep, bool has_latency) {
  const auto beside = [&](const char* extension) {
    return std::filesystem::path(store.file()).replace_extension(extension);
  };
  report::Filter filter;
  filter.sweep = sweep;
  report::ParetoOptions pareto;
  pareto.filter = filter;
  fmt::print("\n{}\n", has_latency ? report::pareto_text(store, pareto)
                                   : report::export_table(store, report::TableKind::results,
                                                          report::Format::md, filter));
  util::write_file_atomically(
      beside(".tex"),
      report::export_table(store, report::TableKind::results, report::Format::latex, filter));
  report::write_report(store, beside(".html"), filter);
  fmt::print("database     {}\nreport       {}\nLaTeX table  {}\n", store.file().string(),
             beside(".html").string(), beside(".tex").string());
}

int exit_code_of(const measure::RunSummary& summary) {
  if (summary.interrupted) return kInterrupted;
  return summary.after.failed() > 0 ? kSomeFailed : kOk;
}

int run(Options& options) {
  const sweep::Sweep sweep = load(options.config);
  if (options.database.empty()) options.database = default_database(sweep);
  if (options.database.has_parent_path())
    std::filesystem::create_directories(options.database.parent_path());
  // The link rather than the path behind it: workers are this very program even when the file has
  // been replaced by a newer build since.
  options.run.worker_command = {"/proc/self/exe", "worker"};
  options.run.cache = std::filesystem::absolute(cache_directory());
  options.run.logs = options.database.parent_path() / "run" / options.database.stem();

  store::Store store(options.database, store::Store::Mode::read_write);
  measure::ProgressDisplay display(stderr);
  const auto summary =
      measure::run_sweep(sweep, store, util::environment(libraries()), options.run, display);
  print_summary(summary);
  if (summary.interrupted) {
    fmt::print("interrupted; the same command goes on where this one stopped\n");
  } else {
    if (summary.stopped_by_failures) fmt::print("stopped: too many failures\n");
    if (summary.after.trials_done > 0)
      write_outputs(store, sweep.name, summary.after.latencies_done > 0);
  }
  if (summary.after.failed() > 0)
    fmt::print("failures: `herosweep status {}` lists them, `--only failed` tries them again\n",
               options.database.string());
  return exit_code_of(summary);
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("run", "Run what is missing of a sweep");
  const auto options = std::make_shared<Options>();
  measure::RunOptions& run_options = options->run;
  add_config_options(*command, options->config);
  command->add_option("--db", options->database, "The results database (results/NAME.db)");
  command->add_option("--jobs", run_options.workers, "Accuracy workers (one a processor)")
      ->check(CLI::PositiveNumber);
  const std::map<std::string, measure::Only> choices{{"missing", measure::Only::missing},
                                                     {"failed", measure::Only::failed}};
  command->add_option("--only", run_options.only, "missing (the default) or failed")
      ->transform(CLI::CheckedTransformer(choices));
  command->add_flag("--fail-fast", run_options.fail_fast, "Stop at the first failure");
  command->add_option("--max-failures", run_options.max_failures, "Stop after this many failures")
      ->check(CLI::PositiveNumber);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace herosweep::cli
