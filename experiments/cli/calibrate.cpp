#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/cli/command.h"
#include "experiments/cli/options.h"
#include "experiments/measure/calibrator.h"
#include "experiments/measure/runner.h"

namespace herosweep::cli {

namespace {

struct Options {
  ConfigOptions config;
  std::filesystem::path output;
};

std::vector<quant::CalibrationSettings> distinct_settings(const sweep::Sweep& sweep) {
  std::vector<quant::CalibrationSettings> settings;
  for (const sweep::Variant& variant : sweep.variants)
    if (quant::needs_calibration(variant.plan) &&
        std::find(settings.begin(), settings.end(), variant.calibration) == settings.end())
      settings.push_back(variant.calibration);
  return settings;
}

int calibrate(const Options& options) {
  const sweep::Sweep sweep = load(options.config);
  const auto settings = distinct_settings(sweep);
  if (settings.empty()) throw ConfigError("no plan of sweep " + sweep.name + " needs calibration");
  if (settings.size() > 1)
    throw ConfigError(
        fmt::format("the sweep's axes ask for {} calibrations; choose one, for example with --set "
                    "sweep.axes={{}}",
                    settings.size()));
  measure::Resources resources;
  const measure::Setting setting{sweep.model.directory, sweep.backend, measure::processors(),
                                 cache_directory(), ""};
  const auto calibration = measure::obtain_calibration(resources.model(setting), settings.front(),
                                                       sweep.tasks, resources, setting);
  const auto output = options.output.empty()
                          ? std::filesystem::path(sweep.name + ".calibration.safetensors")
                          : options.output;
  quant::save_calibration(calibration, output);
  const int asked = settings.front().batches * settings.front().batch_size;
  fmt::print("{}: {} sequences of {} asked for\n", output.string(), calibration.rows, asked);
  return kOk;
}

}  // namespace

void add_calibrate(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("calibrate", "Write the calibration of a sweep as safetensors");
  const auto options = std::make_shared<Options>();
  add_config_options(*command, options->config);
  command->add_option("--output,-o", options->output,
                      "The file (default: NAME.calibration.safetensors)");
  command->callback([options, &exit_code] { exit_code = calibrate(*options); });
}

}  // namespace herosweep::cli
