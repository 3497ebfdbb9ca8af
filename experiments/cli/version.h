// What this program is: its version, the commit, how it was built and with which libraries.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace herosweep::cli {

/// For --version: "herosweep 0.1.0 (abc1234, modified)" and a line of build facts.
std::string version_text();

/// Versions of the libraries that this program runs with, by name.
std::map<std::string, std::string> libraries();

/// The environment block of a sweep that this program runs here on `backend`.
nlohmann::json environment(const std::string& backend);

}  // namespace herosweep::cli
