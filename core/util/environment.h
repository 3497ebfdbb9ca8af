// The environment block: what a number was measured on and with.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace herosweep::util {

/// A flat JSON object; what the machine does not tell is null.
///   version, compiler, build_type, libraries {name: version}
///   git_sha, git_dirty, diff_hash, git_seen: the checkout as it is now ("run"), or the commit at
///     configure time ("build": git_dirty and diff_hash are then null)
///   host, boot_id, kernel, cpu, processors, isa [flags], clock_mhz, memory_bytes
/// `libraries` adds versions that only the caller can know (SQLite, LibTorch).
nlohmann::json environment(const std::map<std::string, std::string>& libraries = {});

/// Those of `relevant` that /proc/cpuinfo lists for the first processor, in this order.
std::vector<std::string> processor_flags(const std::vector<std::string>& relevant);

}  // namespace herosweep::util
