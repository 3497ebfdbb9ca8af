// herosweep: from a YAML file to a table in a paper.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/util/error.h"
#include "experiments/cli/command.h"
#include "experiments/cli/examples.h"
#include "experiments/cli/version.h"
#include "experiments/sweep/hint.h"

namespace herosweep::cli {
namespace {

int complain(const char* message, int exit_code) {
  fmt::print(stderr, "herosweep: {}\n", message);
  return exit_code;
}

/// Runs `body` and turns every error into a message and an exit code.
template <typename Body>
int guarded(const Body& body) {
  try {
    return body();
  } catch (const ConfigError& error) {
    return complain(error.what(), kUsage);
  } catch (const PlanError& error) {
    return complain(error.what(), kUsage);
  } catch (const std::bad_alloc&) {
    return complain("out of memory; close other programs or run with fewer --jobs", kEnvironment);
  } catch (const std::exception& error) {
    return complain(error.what(), kEnvironment);
  }
}

/// Throws a ConfigError that names the command nearest to `word`, where there is none of that name.
void check_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == word) return;
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  const std::string hint = sweep::hint(word, names);
  throw ConfigError(fmt::format("there is no command '{}'{}", word,
                                hint.empty() ? "; `herosweep --help` lists them" : hint));
}

int parse_and_run(int argc, char** argv) {
  CLI::App app(
      "Measures what quantizing each part of a transformer costs and gains.\n"
      "Exit codes: 0 ok, 1 some trials failed, 2 usage or config, 3 environment, 130 interrupted.\n"
      "`herosweep COMMAND --help` shows a command's options, and examples.",
      "herosweep");
  app.set_version_flag("--version", [] { return version_text() + "\n" + libraries_text(); });
  app.require_subcommand(1);
  int exit_code = kOk;
  for (const auto add :
       {add_plan, add_run, add_status, add_show, add_pareto, add_compare, add_sensitivity, add_diff,
        add_export, add_report, add_predict, add_calibrate, add_doctor, add_models, add_schema,
        add_completion, add_tune, add_worker})
    add(app, exit_code);
  add_examples(app);
  if (argc > 1 && argv[1][0] != '-') check_command(app, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return exit_code;
}

}  // namespace
}  // namespace herosweep::cli

int main(int argc, char** argv) {
  using namespace herosweep::cli;
  // A limit on file sizes (ulimit -f) is then an error that says so, like a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  return guarded([&] { return parse_and_run(argc, argv); });
}
