// What this program is: its version, the commit, how it was built and with which libraries.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace herosweep::cli {

/// "herosweep 0.1.0 (abc1234, modified)", and a line with compiler, build type and backends.
std::string version_text();

/// Versions of the libraries that this program runs with, by name.
std::map<std::string, std::string> libraries();
/// The same in one line.
std::string libraries_text();

/// The environment block of a sweep that this program runs here on `backend`.
nlohmann::json environment(const std::string& backend);

}  // namespace herosweep::cli
