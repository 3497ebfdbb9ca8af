#include "experiments/measure/worker.h"

#include <memory>

#include "experiments/cli/command.h"
#include "experiments/measure/device.h"

namespace herosweep::cli {

void add_worker(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("worker", "Measures for `herosweep run`");
  command->group("");  // hidden: only `run` starts it
  const auto device = std::make_shared<int>(-1);
  command->add_option("--device", *device, "The only one of the visible devices that it uses");
  command->callback([device, &exit_code] {
    if (*device >= 0) measure::use_device(*device);
    exit_code = measure::run_worker();
  });
}

}  // namespace herosweep::cli
