#include "experiments/report/report.h"

#include <fmt/format.h>

#include <memory>

#include "experiments/cli/command.h"
#include "experiments/cli/options.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path database, output;
  report::Filter filter;
};

}  // namespace

void add_report(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("report", "One self-contained HTML page");
  const auto options = std::make_shared<Options>();
  command->add_option("database", options->database, "The results database")->required();
  command->add_option("--output,-o", options->output, "The page (default: beside the database)");
  add_filter_options(*command, options->filter);
  command->callback([options] {
    if (options->output.empty())
      options->output = std::filesystem::path(options->database).replace_extension(".html");
    store::Store store(options->database, store::Store::Mode::read_only);
    report::write_report(store, options->output, options->filter);
    fmt::print("{}\n", options->output.string());
  });
}

}  // namespace herosweep::cli
