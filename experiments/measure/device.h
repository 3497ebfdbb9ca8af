// What a record says of the device that a backend runs on.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace herosweep::measure {

/// Fields for the environment block: the device that latencies belong to, and for CUDA its driver,
/// compute capability, memory and caches. Empty for host backends.
nlohmann::json device_facts(const std::string& backend);

}  // namespace herosweep::measure
