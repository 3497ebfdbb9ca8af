#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "core/util/atomic_file.h"
#include "core/util/error.h"
#include "experiments/cli/command.h"
#include "experiments/cli/options.h"
#include "experiments/cli/version.h"
#include "experiments/measure/device.h"
#include "experiments/measure/runner.h"

namespace herosweep::cli {

namespace {

struct Options {
  ConfigOptions config;
  std::filesystem::path database;
  measure::RunOptions run;
  bool json = false;
};

std::filesystem::path beside(const std::filesystem::path& database, const char* extension) {
  return std::filesystem::path(database).replace_extension(extension);
}

void print_summary(const measure::RunSummary& summary) {
  const measure::Tally& after = summary.after;
  std::string latencies;
  if (after.latencies > 0)
    latencies = fmt::format(" and {} of {} latencies", after.latencies_done, after.latencies);
  fmt::print("{} of {} trials{} done, {} failed, in {}\n", after.trials_done, after.trials,
             latencies, after.failed(), measure::format_duration(summary.seconds));
}

report::Filter only(const std::string& sweep) {
  report::Filter filter;
  filter.sweep = sweep;
  return filter;
}

/// LaTeX table and page beside the database.
void write_outputs(store::Store& store, const std::string& sweep) {
  util::write_file_atomically(
      beside(store.file(), ".tex"),
      report::export_table(store, report::TableKind::results, report::Format::latex, only(sweep)));
  report::write_report(store, beside(store.file(), ".html"), only(sweep));
}

/// The Pareto table, or results where nothing was timed, and what was written.
void print_outputs(store::Store& store, const sweep::Sweep& sweep, bool has_latency) {
  report::ParetoOptions pareto;
  pareto.filter = only(sweep.name);
  // A search times its plans in several runs, whose milliseconds do not compare.
  if (sweep.search) pareto.metrics = {"value", "ratio"};
  fmt::print("\n{}\n", has_latency ? report::pareto_text(store, pareto)
                                   : report::export_table(store, report::TableKind::results,
                                                          report::Format::md, only(sweep.name)));
  fmt::print("database     {}\nreport       {}\nLaTeX table  {}\n", store.file().string(),
             beside(store.file(), ".html").string(), beside(store.file(), ".tex").string());
}

nlohmann::json summary_json(const measure::RunSummary& summary, const store::Store& store) {
  const measure::Tally& after = summary.after;
  return {{"trials", after.trials},
          {"trials_done", after.trials_done},
          {"trials_failed", after.trials_failed},
          {"latencies", after.latencies},
          {"latencies_done", after.latencies_done},
          {"latencies_failed", after.latencies_failed},
          {"ran", summary.ran},
          {"seconds", summary.seconds},
          {"interrupted", summary.interrupted},
          {"database", store.file().string()},
          {"report", beside(store.file(), ".html").string()},
          {"latex", beside(store.file(), ".tex").string()}};
}

void print_text(const measure::RunSummary& summary, store::Store& store,
                const sweep::Sweep& sweep) {
  print_summary(summary);
  if (summary.interrupted)
    fmt::print("interrupted; the same command goes on where this one stopped\n");
  if (summary.stopped_by_failures) fmt::print("stopped: too many failures\n");
  if (!summary.interrupted && summary.after.trials_done > 0)
    print_outputs(store, sweep, summary.after.latencies_done > 0);
  if (summary.after.failed() > 0)
    fmt::print("failures: `herosweep status {}` lists them, `--only failed` tries them again\n",
               store.file().string());
}

int exit_code_of(const measure::RunSummary& summary) {
  if (summary.interrupted) return kInterrupted;
  return summary.after.failed() > 0 ? kSomeFailed : kOk;
}

void make_folder_of(const std::filesystem::path& database) {
  if (!database.has_parent_path()) return;
  std::error_code error;
  std::filesystem::create_directories(database.parent_path(), error);
  if (error)
    throw EnvironmentError(
        fmt::format("{}: the folder {} cannot be made: {}; name another "
                    "database with --db",
                    database.string(), database.parent_path().string(), error.message()));
}

int run(Options& options) {
  const sweep::Sweep sweep = load(options.config);
  if (options.database.empty()) options.database = default_database(sweep);
  make_folder_of(options.database);
  // The link rather than the path behind it: workers are this very program even when the file has
  // been replaced by a newer build since.
  options.run.worker_command = {"/proc/self/exe", "worker"};
  options.run.cache = std::filesystem::absolute(cache_directory());
  options.run.devices = measure::device_count(sweep.backend);
  options.run.logs = options.database.parent_path() / "run" / options.database.stem();

  store::Store store(options.database, store::Store::Mode::read_write);
  measure::ProgressDisplay display(stderr);
  const nlohmann::json facts = environment(sweep.backend);
  const auto evaluate = [&](const sweep::Sweep& chosen) {
    return report::search_evaluations(store, chosen);
  };
  const auto summary =
      sweep.search ? measure::run_search(sweep, store, facts, options.run, display, evaluate)
                   : measure::run_sweep(sweep, store, facts, options.run, display);
  if (!summary.interrupted && summary.after.trials_done > 0) write_outputs(store, sweep.name);
  if (options.json)
    fmt::print("{}\n", summary_json(summary, store).dump(2));
  else
    print_text(summary, store, sweep);
  return exit_code_of(summary);
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("run", "Run what is missing of a sweep");
  const auto options = std::make_shared<Options>();
  measure::RunOptions& run_options = options->run;
  add_config_options(*command, options->config);
  command->add_option("--db", options->database, "The results database (results/NAME.db)");
  command
      ->add_option("--jobs", run_options.workers,
                   "Accuracy workers (one a processor; on CUDA one a device)")
      ->check(CLI::PositiveNumber);
  command
      ->add_option_function<std::string>(
          "--only",
          [options](const std::string& word) {
            options->run.only = word == "failed" ? measure::Only::failed : measure::Only::missing;
          },
          "missing (the default) or failed")
      ->check(CLI::IsMember({"missing", "failed"}));
  command->add_flag("--fail-fast", run_options.fail_fast, "Stop at the first failure");
  command->add_option("--max-failures", run_options.max_failures, "Stop after this many failures")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "End with one JSON object instead of text");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace herosweep::cli
