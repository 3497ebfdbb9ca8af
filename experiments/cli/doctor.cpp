#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/cli/command.h"
#include "experiments/cli/doctor_checks.h"
#include "experiments/cli/version.h"

namespace herosweep::cli {

namespace {

struct Options {
  std::filesystem::path config;
  bool json = false;
};

const char* word(Finding::Verdict verdict) {
  switch (verdict) {
    case Finding::Verdict::good:
      return "ok";
    case Finding::Verdict::note:
      return "note";
    default:
      return "missing";
  }
}

std::vector<Finding> examine(const Options& options) {
  std::vector<Finding> findings;
  for (const auto check : {check_processor, check_memory, check_libraries, check_python, check_gpu})
    for (Finding& finding : check()) findings.push_back(std::move(finding));
  std::filesystem::path config = options.config;
  if (config.empty() && std::filesystem::exists("configs/quickstart.yaml"))
    config = "configs/quickstart.yaml";
  if (!config.empty())
    for (Finding& finding : check_config(config)) findings.push_back(std::move(finding));
  return findings;
}

void print_text(const std::vector<Finding>& findings) {
  fmt::print("{}\n", version_text());
  for (const Finding& finding : findings) {
    fmt::print("{:<8} {:<13} {}\n", word(finding.verdict), finding.subject, finding.what);
    if (!finding.remedy.empty()) fmt::print("{:<8} {:<13} -> {}\n", "", "", finding.remedy);
  }
}

void print_json(const std::vector<Finding>& findings) {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings)
    list.push_back({{"verdict", word(finding.verdict)},
                    {"subject", finding.subject},
                    {"what", finding.what},
                    {"remedy", finding.remedy}});
  fmt::print("{}\n", nlohmann::json{{"version", version_text()}, {"findings", list}}.dump(2));
}

}  // namespace

void add_doctor(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("doctor", "What this machine has, what is missing, and how to get it");
  const auto options = std::make_shared<Options>();
  command->add_option("config", options->config,
                      "Also look for this sweep's model and data (default: the quickstart's)");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options, &exit_code] {
    const auto findings = examine(*options);
    options->json ? print_json(findings) : print_text(findings);
    const bool missing = std::any_of(findings.begin(), findings.end(), [](const Finding& f) {
      return f.verdict == Finding::Verdict::missing;
    });
    exit_code = missing ? kEnvironment : kOk;
  });
}

}  // namespace herosweep::cli
