#include <fmt/format.h>

#include <memory>

#include "experiments/cli/command.h"
#include "experiments/cli/options.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path database;
  report::CompareOptions compare;
  bool json = false;
};

void add_settings(CLI::App& command, report::CompareSettings& settings) {
  // An interval or a verdict of level 1 would say nothing.
  command.add_option("--alpha", settings.alpha, "Level of intervals and verdicts (0.05)")
      ->check(CLI::Range(1e-6, 0.5));
  command.add_option("--resamples", settings.resamples, "Of the paired bootstrap (10000)")
      ->check(CLI::Range(100, 10'000'000));
  command.add_option("--seed", settings.seed, "Of the paired bootstrap (0)");
  command
      .add_option("--margin", settings.metric_margin,
                  "Points (metric x 100) that do not matter (0.5)")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--drift-margin", settings.drift_margin, "Drift that does not matter (0.01)")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--latency-margin", settings.latency_margin,
                  "Percent of time that does not matter (1)")
      ->check(CLI::NonNegativeNumber);
}

}  // namespace

void add_compare(CLI::App& app, int&) {
  CLI::App* command =
      app.add_subcommand("compare", "Whether one plan is better than another, or only luckier");
  const auto options = std::make_shared<Options>();
  report::CompareOptions& compare = options->compare;
  command->add_option("database", options->database, "The results database")->required();
  command->add_option(
      "first", compare.first,
      "A plan: its name, as tables show it, or the first six or more digits of a hash");
  command->add_option("second", compare.second, "The plan that is compared with it");
  command->add_option("--against", compare.against, "Compare every plan with this one instead");
  add_settings(*command, compare.settings);
  add_filter_options(*command, compare.filter);
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options] {
    store::Store store(options->database, store::Store::Mode::read_only);
    fmt::print("{}\n", options->json ? report::compare_json(store, options->compare)
                                     : report::compare_text(store, options->compare));
  });
}

}  // namespace herosweep::cli
