#include "core/util/environment.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "core/util/source_revision.h"

namespace herosweep::util {
namespace {

using nlohmann::json;

/// The value of the first "key : value" line of a file of such lines; empty when there is none.
std::string value_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || line.find_last_not_of(" \t", colon - 1) + 1 != key.size() ||
        !line.starts_with(key))
      continue;
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string::npos ? "" : line.substr(value);
  }
  return "";
}

std::string first_line(const char* file) {
  std::string line;
  std::ifstream in(file);
  std::getline(in, line);
  return line;
}

json text_or_null(const std::string& text) { return text.empty() ? json() : json(text); }

/// The frequency driver knows the clock now; virtual machines have only the nominal one.
json clock_mhz() {
  const std::string khz = first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
  if (const double value = std::atof(khz.c_str()); value > 0) return value / 1000;
  const double value = std::atof(value_of("/proc/cpuinfo", "cpu MHz").c_str());
  return value > 0 ? json(value) : json();
}

void add_machine(json& block) {
  utsname names{};
  const bool named = ::uname(&names) == 0;
  block["host"] = text_or_null(named ? names.nodename : "");
  block["kernel"] =
      text_or_null(named ? fmt::format("{} {}", names.sysname, names.release) : std::string());
  block["boot_id"] = text_or_null(first_line("/proc/sys/kernel/random/boot_id"));
  block["cpu"] = text_or_null(value_of("/proc/cpuinfo", "model name"));
  block["processors"] = std::thread::hardware_concurrency();
  block["isa"] = processor_flags(
      {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx_vnni", "avx512_vnni", "amx_int8"});
  block["clock_mhz"] = clock_mhz();
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  block["memory_bytes"] =
      pages > 0 && page_bytes > 0 ? json(static_cast<int64_t>(pages) * page_bytes) : json();
}

void add_source(json& block) {
  const auto revision = source_revision(HEROSWEEP_SOURCE_DIR);
  const std::string configured = HEROSWEEP_CONFIGURED_SHA;
  block["git_sha"] = text_or_null(revision ? revision->sha : configured);
  block["git_dirty"] = revision ? json(revision->dirty) : json();
  block["diff_hash"] = text_or_null(revision ? revision->diff_hash : "");
  block["git_seen"] = revision ? json("run") : configured.empty() ? json() : json("build");
}

void add_build(json& block, const std::map<std::string, std::string>& libraries) {
  block["version"] = HEROSWEEP_VERSION;
#ifdef __clang__
  block["compiler"] = "Clang " __clang_version__;
#else
  block["compiler"] = "GCC " __VERSION__;
#endif
  block["build_type"] = HEROSWEEP_BUILD_TYPE;
  block["libraries"] = libraries;
  block["libraries"]["fmt"] =
      fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
  block["libraries"]["nlohmann_json"] =
      fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                  NLOHMANN_JSON_VERSION_PATCH);
  block["libraries"]["openssl"] = OpenSSL_version(OPENSSL_VERSION_STRING);
}

}  // namespace

json environment(const std::map<std::string, std::string>& libraries) {
  json block = json::object();
  add_machine(block);
  add_source(block);
  add_build(block, libraries);
  return block;
}

std::vector<std::string> processor_flags(const std::vector<std::string>& relevant) {
  std::istringstream words(value_of("/proc/cpuinfo", "flags"));
  const std::set<std::string> flags{std::istream_iterator<std::string>(words), {}};
  std::vector<std::string> found;
  for (const std::string& flag : relevant)
    if (flags.count(flag) > 0) found.push_back(flag);
  return found;
}

}  // namespace herosweep::util
