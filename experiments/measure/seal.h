// A checksum over a worker's answer, so that what was damaged on its way is never recorded.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>

namespace herosweep::measure {

/// An answer that is not what the worker sent.
struct DamagedAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Adds "crc32", the checksum of the answer's text.
void seal(nlohmann::json& answer);

/// Of a result event. Throws DamagedAnswer when the checksum is missing or wrong.
void check_seal(const nlohmann::json& event);

}  // namespace herosweep::measure
