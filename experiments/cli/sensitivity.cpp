#include <fmt/format.h>

#include <memory>

#include "experiments/cli/command.h"
#include "experiments/cli/options.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path database;
  report::SensitivityOptions sensitivity;
  bool json = false;
};

}  // namespace

void add_sensitivity(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("sensitivity", "What every module costs and gains");
  const auto options = std::make_shared<Options>();
  report::SensitivityOptions& sensitivity = options->sensitivity;
  command->add_option("database", options->database, "The results database")->required();
  command
      ->add_option("--metrics", sensitivity.metrics,
                   "Some of drift, value, latency, weight_bytes, peak_bytes (default: all)")
      ->delimiter(',');
  command->add_option("--variant", sensitivity.variant,
                      "Plans with these axes, as tables show them: --variant residual=fp16");
  command->add_option("--resamples", sensitivity.resamples, "Of bootstrapped intervals (2000)")
      ->check(CLI::Range(100, 1'000'000));
  command->add_option("--seed", sensitivity.seed, "Of bootstrapped intervals (0)");
  add_filter_options(*command, sensitivity.filter);
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options] {
    store::Store store(options->database, store::Store::Mode::read_only);
    fmt::print("{}\n", options->json ? report::sensitivity_json(store, options->sensitivity)
                                     : report::sensitivity_text(store, options->sensitivity));
  });
}

}  // namespace herosweep::cli
