#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "core/util/atomic_file.h"
#include "experiments/cli/command.h"
#include "kernels/cuda/cuda.h"

namespace herosweep::cli {

void add_tune(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "tune", "Measure this GPU's GEMM tiles; HEROSWEEP_TILE_TABLE=FILE then chooses by them");
  const auto output = std::make_shared<std::filesystem::path>("tile_table.csv");
  command->add_option("-o,--output", *output, "The table to write (tile_table.csv)");
  command->callback([output, &exit_code] {
    const auto status = kernels::cuda_status();
    if (!status.usable) {
      fmt::print(stderr, "herosweep tune: {}\n", status.reason);
      exit_code = kEnvironment;
      return;
    }
    const std::string table = kernels::measure_tile_table([](int done, int total) {
      fmt::print(stderr, "\r{} of {} shapes{}", done, total, done == total ? "\n" : "");
    });
    util::write_file_atomically(*output, table);
    fmt::print("{}\n", output->string());
    exit_code = kOk;
  });
}

}  // namespace herosweep::cli
