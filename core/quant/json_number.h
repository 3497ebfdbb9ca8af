// Whole numbers out of untrusted JSON, whose library converts doubles and overflows silently.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace herosweep::quant {

/// The number, or nothing when it is none, not whole, or outside [low, high].
inline std::optional<int64_t> whole_number(const nlohmann::json& value, int64_t low, int64_t high) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  const auto number = value.get<int64_t>();
  return number < low || number > high ? std::nullopt : std::optional(number);
}

}  // namespace herosweep::quant
