#include "experiments/cli/version.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <torch/version.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "core/util/environment.h"
#include "experiments/measure/device.h"
#include "kernels/backend.h"
#include "kernels/cuda/cuda.h"

namespace herosweep::cli {

namespace {

std::string text_or(const nlohmann::json& facts, const char* key, const char* otherwise) {
  const auto found = facts.find(key);
  return found != facts.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::string cuda_text() {
  const int toolkit = kernels::cuda_status().runtime;
  if (toolkit == 0) return "not built in";
  return fmt::format("toolkit {}.{}", toolkit / 1000, toolkit % 1000 / 10);
}

}  // namespace

std::string version_text() {
  const auto facts = util::environment();
  const auto dirty = facts.find("git_dirty");
  const bool modified = dirty != facts.end() && dirty->is_boolean() && dirty->get<bool>();
  return fmt::format("herosweep {} ({}{})\n{}, {} build, backends: cpu ({}), cuda ({})",
                     text_or(facts, "version", "?"),
                     text_or(facts, "git_sha", "unknown commit").substr(0, 12),
                     modified ? ", modified" : "", text_or(facts, "compiler", "?"),
                     text_or(facts, "build_type", "?"), kernels::cpu_backend().isa, cuda_text());
}

std::string libraries_text() {
  std::string text;
  const nlohmann::json facts = util::environment(libraries());
  for (const auto& [name, version] : facts.at("libraries").items())
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, version.get<std::string>());
  return text;
}

std::map<std::string, std::string> libraries() {
  return {{"CLI11", CLI11_VERSION},
          {"LibTorch", TORCH_VERSION},
          {"SQLite", sqlite3_libversion()},
          {"zlib", zlibVersion()}};
}

nlohmann::json environment(const std::string& backend) {
  nlohmann::json facts = util::environment(libraries());
  facts.update(measure::device_facts(backend));
  return facts;
}

}  // namespace herosweep::cli
