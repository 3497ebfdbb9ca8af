// What a record says of the device that a backend runs on.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace herosweep::measure {

/// Fields for the environment block: the device that latencies belong to, and for CUDA its driver,
/// compute capability, memory and caches. Empty for host backends.
nlohmann::json device_facts(const std::string& backend);

/// Devices that this backend may use: those that CUDA sees, else 1 (the host).
int device_count(const std::string& backend);

/// Makes the device `index` of those that are visible the only one that this process sees (through
/// CUDA_VISIBLE_DEVICES; before anything of CUDA is called).
void use_device(int index);

}  // namespace herosweep::measure
