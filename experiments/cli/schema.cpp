#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/cli/command.h"
#include "experiments/config/config.h"
#include "experiments/config/reference.h"

namespace herosweep::cli {

namespace {

struct Options {
  bool task = false;
  bool markdown = false;
};

}  // namespace

void add_schema(CLI::App& app, int&) {
  CLI::App* command =
      app.add_subcommand("schema", "Print the JSON Schema of sweep files, for editors");
  const auto options = std::make_shared<Options>();
  auto* task = command->add_flag("--task", options->task, "That of task files instead");
  command
      ->add_flag("--markdown", options->markdown,
                 "Every key of both as a page for readers (docs/config.md)")
      ->excludes(task);
  command->callback([options] {
    if (options->markdown)
      fmt::print("{}", config::reference_page());
    else
      fmt::print("{}\n", (options->task ? config::task_schema() : config::schema()).dump(2));
  });
}

}  // namespace herosweep::cli
