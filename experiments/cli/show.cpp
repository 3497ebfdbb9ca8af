#include <fmt/format.h>

#include <memory>

#include "experiments/cli/command.h"
#include "experiments/report/report.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path database;
  std::string trial;
  bool json = false;
};

}  // namespace

void add_show(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("show", "Everything recorded about one trial");
  const auto options = std::make_shared<Options>();
  command->add_option("database", options->database, "The results database")->required();
  command->add_option("trial", options->trial, "Trial hash, its first digits, or a plan's name")
      ->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options] {
    store::Store store(options->database, store::Store::Mode::read_only);
    fmt::print("{}\n", options->json ? report::show_json(store, options->trial)
                                     : report::show_text(store, options->trial));
  });
}

}  // namespace herosweep::cli
