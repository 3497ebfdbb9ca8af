#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/cli/command.h"
#include "experiments/cli/options.h"
#include "experiments/cli/version.h"

namespace herosweep::cli {

namespace {

struct Options {
  ConfigOptions config;
  std::filesystem::path database;
  bool json = false;
};

}  // namespace

void add_diff(CLI::App& app, int&) {
  CLI::App* command =
      app.add_subcommand("diff", "What a changed config would run again, and why; runs nothing");
  const auto options = std::make_shared<Options>();
  add_config_options(*command, options->config);
  command->add_option("database", options->database, "The results database")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options] {
    const sweep::Sweep sweep = load(options->config);
    store::Store store(options->database, store::Store::Mode::read_only);
    const std::string device = store::device_name(environment(sweep.backend), sweep.backend);
    fmt::print("{}\n", options->json ? report::diff_json(store, sweep, device)
                                     : report::diff_text(store, sweep, device));
  });
}

}  // namespace herosweep::cli
