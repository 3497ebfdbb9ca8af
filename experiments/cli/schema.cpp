#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/cli/command.h"
#include "experiments/config/config.h"

namespace herosweep::cli {

void add_schema(CLI::App& app, int&) {
  app.add_subcommand("schema", "Print the JSON Schema of sweep files, for editors")->callback([] {
    fmt::print("{}\n", config::schema().dump(2));
  });
}

}  // namespace herosweep::cli
