#include <fmt/format.h>

#include <memory>

#include "core/util/atomic_file.h"
#include "experiments/cli/command.h"
#include "experiments/cli/options.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::string format;
  std::filesystem::path database, output;
  std::string table = "results";
  std::string reference;
  report::Filter filter;
};

}  // namespace

void add_export(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("export", "A table for a paper, a page or a program");
  const auto options = std::make_shared<Options>();
  command
      ->add_option(
          "format", options->format,
          "md, csv, json, latex (a table), svg, pdf (the Pareto plot) or html (the report)")
      ->required();
  command->add_option("database", options->database, "The results database")->required();
  command->add_option("--table", options->table,
                      "results, glue, pareto, latency, memory or sensitivity (default: results)");
  command->add_option("--reference", options->reference,
                      "Rows of a paper in the table glue: zeroquant, or a .json file");
  command->add_option("--output,-o", options->output, "A file instead of standard output");
  add_filter_options(*command, options->filter);
  command->callback([options] {
    const auto format = report::parse_format(options->format);
    const auto table = report::parse_table_kind(options->table);
    store::Store store(options->database, store::Store::Mode::read_only);
    const std::string text =
        report::export_table(store, table, format, options->filter, options->reference);
    if (options->output.empty())
      fmt::print("{}", text);
    else
      util::write_file_atomically(options->output, text);
  });
}

}  // namespace herosweep::cli
