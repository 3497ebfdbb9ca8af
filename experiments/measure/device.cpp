#include "experiments/measure/device.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "kernels/cuda/cuda.h"

namespace herosweep::measure {

namespace {

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

nlohmann::json device_facts(const std::string& backend) {
  if (backend != "cuda") return nlohmann::json::object();
  const auto status = kernels::cuda_status();
  return {{"device", status.device},
          {"gpu", status.device},
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
