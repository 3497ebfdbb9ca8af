#include <fmt/format.h>

#include <memory>

#include "experiments/cli/command.h"
#include "experiments/cli/options.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path database;
  report::ParetoOptions pareto;
  bool json = false;
};

}  // namespace

void add_pareto(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("pareto", "Plans that no other plan beats");
  const auto options = std::make_shared<Options>();
  report::ParetoOptions& pareto = options->pareto;
  command->add_option("database", options->database, "The results database")->required();
  command
      ->add_option("--metrics", pareto.metrics,
                   "Two or three of value, drift, flips, cosine, latency, ratio, weight_bytes, "
                   "peak_bytes (default: value,latency)")
      ->delimiter(',');
  command->add_flag("--all", pareto.all, "Every plan, not only those on a front");
  command->add_flag(
      "--history", pareto.history,
      "Hypervolume after each number of plans: how fast a search came near its front");
  command->add_option("--metric-drop", pareto.metric_drop,
                      "Fastest plan within this many points (metric x 100) of FP16 (0.5)");
  command->add_option("--latency-budget", pareto.latency_budget_ms,
                      "Best plan that takes at most this many milliseconds");
  add_filter_options(*command, pareto.filter);
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options] {
    store::Store store(options->database, store::Store::Mode::read_only);
    fmt::print("{}\n", options->json ? report::pareto_json(store, options->pareto)
                                     : report::pareto_text(store, options->pareto));
  });
}

}  // namespace herosweep::cli
