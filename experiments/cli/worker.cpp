#include "experiments/measure/worker.h"

#include "experiments/cli/command.h"

namespace herosweep::cli {

void add_worker(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("worker", "Measures for `herosweep run`");
  command->group("");  // hidden: only `run` starts it
  command->callback([&exit_code] { exit_code = measure::run_worker(); });
}

}  // namespace herosweep::cli
