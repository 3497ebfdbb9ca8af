// A judge of shape by JSON Schema, for the keywords that the project's schemas use.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "experiments/config/value.h"

namespace herosweep::test {

/// As a YAML reader of an editor sees it: plain scalars are numbers, booleans or text.
nlohmann::json as_json(const config::Value& value);

/// Where and why `value` does not fit, "" when it does. Throws std::logic_error for a keyword that
/// this judge does not know, so that no part of a schema goes unchecked.
std::string misfit(const nlohmann::json& value, const nlohmann::json& schema,
                   const std::string& path = "");

}  // namespace herosweep::test
