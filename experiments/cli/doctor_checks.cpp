#include "experiments/cli/doctor_checks.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "core/util/environment.h"
#include "experiments/cli/version.h"
#include "experiments/config/config.h"
#include "experiments/measure/clock.h"
#include "experiments/measure/runner.h"
#include "experiments/tasks/python.h"
#include "kernels/backend.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/nvml.h"

namespace herosweep::cli {

namespace {

using Verdict = Finding::Verdict;

/// The value of the first "key : value" line of a file of such lines.
std::string value_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    return line.substr(line.find_first_not_of(" \t", colon + 1));
  }
  return "";
}

/// Output of a command, and whether it ended with status 0.
std::pair<std::string, bool> output_of(const std::string& command) {
  std::string output;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return {"", false};
  std::array<char, 4096> buffer;
  while (size_t bytes = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), bytes);
  return {output, pclose(pipe) == 0};
}

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

std::vector<Finding> check_processor() {
  const auto flags = util::processor_flags(
      {"avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "amx_int8"});
  std::string found;
  for (const std::string& flag : flags) found.append(found.empty() ? "" : " ").append(flag);
  std::vector<Finding> findings;
  findings.push_back({Verdict::good, "CPU", value_of("/proc/cpuinfo", "model name"), ""});
  findings.push_back({Verdict::good, "instructions", found, ""});
  const auto& backend = kernels::cpu_backend();
  const bool portable = std::string_view(backend.isa) == "portable";
  findings.push_back({portable ? Verdict::note : Verdict::good, "kernels",
                      fmt::format("{} ({})", backend.name, backend.isa),
                      portable
                          ? "without AVX512-VNNI the integers are the same, but INT8 plans gain "
                            "little time over FP16"
                          : ""});
  const double mhz = measure::clock_mhz();
  findings.push_back({Verdict::good, "processors",
                      fmt::format("{}{}", measure::processors(),
                                  mhz > 0 ? fmt::format(" at {:.0f} MHz now", mhz) : ""),
                      ""});
  return findings;
}

std::vector<Finding> check_memory() {
  const double gigabytes = std::atof(value_of("/proc/meminfo", "MemAvailable").c_str()) / 1e6;
  Finding memory{Verdict::good, "memory", fmt::format("{:.1f} GB available", gigabytes), ""};
  if (gigabytes < 2) {
    memory.verdict = Verdict::note;
    memory.remedy = "a small BERT needs about 2 GB: close other programs or use --jobs 1";
  }
  return {memory};
}

std::vector<Finding> check_libraries() {
  return {{Verdict::good, "libraries", libraries_text(), ""}};
}

std::vector<Finding> check_python() {
  const auto interpreter = tasks::python_interpreter();
  const std::string script =
      "import importlib, platform; print('Python', platform.python_version(), end='')\n"
      "for name in ('numpy', 'safetensors', 'tokenizers'):\n"
      "    print(',', name, importlib.import_module(name).__version__, end='')";
  const auto [output, good] =
      output_of(quoted(interpreter.string()) + " -c " + quoted(script) + " 2>&1");
  if (good) return {{Verdict::good, "Python", output + " at " + interpreter.string(), ""}};
  const std::string last_line =
      output.empty() ? "not there"
                     : output.substr(output.find_last_of('\n', output.size() - 2) + 1);
  return {{Verdict::missing, "Python", interpreter.string() + ": " + last_line,
           "run `make setup`, or set HEROSWEEP_PYTHON to an interpreter with numpy, safetensors "
           "and tokenizers"}};
}

std::vector<Finding> check_gpu() {
  const auto cuda = kernels::cuda_status();
  if (!cuda.usable)
    return {{Verdict::note, "GPU", cuda.reason, "none needed: plans run on the CPU, too"}};
  std::vector<Finding> findings;
  findings.push_back(
      {Verdict::good, "GPU",
       fmt::format("{}, compute capability {}.{}, {} multiprocessors, {:.0f} GB", cuda.device,
                   cuda.compute_major, cuda.compute_minor, cuda.multiprocessors,
                   static_cast<double>(cuda.memory_bytes) / 1e9),
       ""});
  findings.push_back({Verdict::good, "CUDA",
                      fmt::format("driver for {}.{}, built with {}.{}, kernels {}",
                                  cuda.driver / 1000, cuda.driver % 1000 / 10, cuda.runtime / 1000,
                                  cuda.runtime % 1000 / 10, kernels::cuda_backend().isa),
                      ""});
  const auto now = kernels::read_nvml();
  if (!now) return findings;
  std::string state = "driver " + now->driver_version;
  if (now->sm_clock_mhz) state += fmt::format(", {} MHz", *now->sm_clock_mhz);
  if (now->sm_clock_max_mhz) state += fmt::format(" of {}", *now->sm_clock_max_mhz);
  if (now->power_watts) state += fmt::format(", {:.0f} W", *now->power_watts);
  if (now->temperature_celsius) state += fmt::format(", {} C", *now->temperature_celsius);
  const std::string slowed = kernels::slowdown_text(now->throttle_reasons.value_or(0));
  findings.push_back({slowed.empty() ? Verdict::good : Verdict::note, "GPU state", state,
                      slowed.empty() ? "" : "slowed down by " + slowed + ": timings would suffer"});
  return findings;
}

std::vector<Finding> check_config(const std::filesystem::path& config) {
  try {
    const sweep::Sweep sweep = config::load_sweep(config, {});
    return {{Verdict::good, "config",
             fmt::format("{}: {} with {} plans; model and data of {} tasks found", config.string(),
                         sweep.name, sweep.variants.size(), sweep.tasks.size()),
             ""}};
  } catch (const std::exception& error) {
    return {{Verdict::missing, "config", config.string() + " cannot run", error.what()}};
  }
}

}  // namespace herosweep::cli
