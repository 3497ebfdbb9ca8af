#include "experiments/measure/device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/nvml.h"

namespace herosweep::measure {

namespace {

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

int device_count(const std::string& backend) {
  return backend == "cuda" ? std::max(kernels::cuda_status().devices, 1) : 1;
}

void use_device(int index) {
  // Entries may be numbers or UUIDs; ours is counted among those that the user left visible.
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  std::string entry = std::to_string(index);
  if (visible != nullptr) {
    std::istringstream list(visible);
    for (int i = 0; i <= index && std::getline(list, entry, ',');) ++i;
  }
  setenv("CUDA_VISIBLE_DEVICES", entry.c_str(), /*replace=*/1);
}

nlohmann::json device_facts(const std::string& backend) {
  if (backend != "cuda") return nlohmann::json::object();
  const auto status = kernels::cuda_status();
  const auto now = kernels::read_nvml().value_or(kernels::NvmlReading{});
  const auto or_null = [](const auto& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  return {{"driver", now.driver_version},
          {"sm_clock_max_mhz", or_null(now.sm_clock_max_mhz)},
          {"memory_clock_mhz", or_null(now.memory_clock_mhz)},
          {"power_limit_watts", or_null(now.power_limit_watts)},
          {"temperature_celsius", or_null(now.temperature_celsius)},
          {"device", status.device},
          {"gpu", status.device},
          {"gpu_count", status.devices},
          {"gpu_kernels", kernels::cuda_backend().isa},
          {"compute_capability", fmt::format("{}.{}", status.compute_major, status.compute_minor)},
          {"multiprocessors", status.multiprocessors},
          {"gpu_memory_bytes", status.memory_bytes},
          {"l2_bytes", status.l2_bytes},
          {"cuda_driver", version_text(status.driver)},
          {"cuda_runtime", version_text(status.runtime)},
          // Passes of a plan run back to back, so the L2 holds what of its weights and activations
          // fits.
          {"l2_state", "warm"}};
}

}  // namespace herosweep::measure
