#include <fmt/format.h>

#include <memory>

#include "experiments/cli/command.h"
#include "experiments/report/report.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path database;
  bool json = false;
};

}  // namespace

void add_status(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("status", "How far the sweeps of a database are");
  const auto options = std::make_shared<Options>();
  command->add_option("database", options->database, "The results database")->required();
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options] {
    store::Store store(options->database, store::Store::Mode::read_only);
    fmt::print("{}\n", options->json ? report::status_json(store) : report::status_text(store));
  });
}

}  // namespace herosweep::cli
