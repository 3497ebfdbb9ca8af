// Numbers of other libraries, made by tests/golden/make_stats_golden.py.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

namespace herosweep::test {

inline nlohmann::json golden_json(const std::string& name) {
  std::ifstream file(std::string(HEROSWEEP_SOURCE_DIR) + "/tests/golden/stats/" + name);
  return nlohmann::json::parse(file);
}

}  // namespace herosweep::test
