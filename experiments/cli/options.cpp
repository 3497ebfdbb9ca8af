#include "experiments/cli/options.h"

#include <cstdlib>

#include "experiments/config/config.h"

namespace herosweep::cli {

void add_config_options(CLI::App& command, ConfigOptions& options) {
  command.add_option("config", options.file, "The sweep file (YAML)")->required();
  command
      .add_option("--set", options.overrides,
                  "Override one value of the file: --set latency.rounds=10 (may be repeated)")
      ->allow_extra_args(false);
  command
      .add_option("--backend", options.backend, "auto, cpu or cuda instead of the file's backend")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
}

sweep::Sweep load(const ConfigOptions& options) {
  std::vector<std::string> overrides = options.overrides;
  if (!options.backend.empty()) overrides.push_back("backend=" + options.backend);
  return config::load_sweep(options.file, overrides);
}

void add_filter_options(CLI::App& command, report::Filter& filter) {
  command.add_option("--sweep", filter.sweep, "Only this sweep (default: the newest)");
  command.add_option("--task", filter.task, "Only this task");
  command.add_option("--model", filter.model, "Only this model");
  command.add_option("--only-backend", filter.backend, "Only this backend");
  command.add_option("--batch", filter.batch, "Only latencies at this batch size");
  command.add_option("--seq-len", filter.seq_len, "Only latencies at this sequence length");
  command.add_option("--threads", filter.threads, "Only latencies with this many threads");
  command
      .add_option("--plan", filter.plans,
                  "Only these plans, by name, and FP16: --plan M3,zq-w8a8 (default: all)")
      ->delimiter(',')
      ->allow_extra_args(false);
}

std::filesystem::path default_database(const sweep::Sweep& sweep) {
  return std::filesystem::path("results") / (sweep.name + ".db");
}

std::filesystem::path cache_directory() {
  const char* configured = std::getenv("HEROSWEEP_CACHE");
  return configured && *configured ? configured : ".cache";
}

}  // namespace herosweep::cli
