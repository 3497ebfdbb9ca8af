#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/util/text.h"
#include "experiments/cli/command.h"
#include "experiments/cli/options.h"
#include "experiments/measure/cost.h"
#include "experiments/measure/progress_display.h"
#include "experiments/measure/runner.h"
#include "experiments/sweep/identity.h"
#include "experiments/sweep/space.h"

namespace herosweep::cli {

namespace {

struct Options {
  ConfigOptions config;
  int jobs = 0;
  bool json = false;
};

std::map<int, std::vector<const sweep::TrialRef*>> trials_by_variant(const sweep::Sweep& sweep) {
  std::map<int, std::vector<const sweep::TrialRef*>> trials;
  for (const sweep::TrialRef& trial : sweep.trials) trials[trial.variant].push_back(&trial);
  return trials;
}

nlohmann::json variant_json(const sweep::Variant& variant,
                            const std::vector<const sweep::TrialRef*>& trials) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto* trial : trials)
    list.push_back({{"task", trial->task}, {"trial_hash", trial->trial_hash}});
  return {{"plan", variant.plan.name},
          {"shown_as", quant::display_name(variant.plan.name)},
          {"variant", variant.label},
          {"seed", variant.seed},
          {"plan_hash", variant.plan_hash},
          {"execution", quant::name(quant::execution(variant.plan))},
          {"calibrated", quant::needs_calibration(variant.plan)},
          {"trials", std::move(list)}};
}

nlohmann::json sweep_json(const sweep::Sweep& sweep, const measure::Estimate& cost) {
  nlohmann::json variants = nlohmann::json::array(), dropped = nlohmann::json::array();
  const auto trials = trials_by_variant(sweep);
  for (size_t v = 0; v < sweep.variants.size(); ++v) {
    const auto own = trials.find(static_cast<int>(v));
    variants.push_back(variant_json(sweep.variants[v], own == trials.end()
                                                           ? std::vector<const sweep::TrialRef*>{}
                                                           : own->second));
  }
  for (const sweep::DroppedPlan& plan : sweep.dropped)
    dropped.push_back({{"plan", plan.plan}, {"variant", plan.variant}, {"reason", plan.reason}});
  nlohmann::json peers = nlohmann::json::array();
  for (const sweep::Peer& peer : sweep.peers)
    peers.push_back(
        {{"name", peer.name}, {"version", peer.version}, {"plan_hash", peer.plan_hash}});
  nlohmann::json latency{{"enabled", sweep.latency.enabled},
                         {"batch", sweep.latency.batch},
                         {"seq_len", sweep.latency.seq_len},
                         {"threads", sweep.latency.threads},
                         {"rounds", sweep.latency.rounds}};
  nlohmann::json search;
  if (sweep.search) {
    const auto& settings = sweep.search->request.space.search;
    search = {{"kind", sweep::name(settings.kind)},
              {"objectives", settings.objectives},
              {"trials", settings.trials}};
  }
  return {{"sweep", sweep.name},
          {"search", std::move(search)},
          {"model", sweep.model.name},
          {"backend", sweep.backend},
          {"variants", std::move(variants)},
          {"dropped", std::move(dropped)},
          {"peers", std::move(peers)},
          {"latency", std::move(latency)},
          {"estimate",
           {{"accuracy_seconds", cost.accuracy_seconds},
            {"latency_seconds", cost.latency_seconds},
            {"memory_bytes", cost.memory_bytes}}}};
}

void print_variants(const sweep::Sweep& sweep) {
  const auto trials = trials_by_variant(sweep);
  fmt::print("{:<24} {:<28} {:<12} {:<11} {}\n", "plan", "variant", "execution", "calibrated",
             "trials");
  for (size_t v = 0; v < sweep.variants.size(); ++v) {
    const sweep::Variant& variant = sweep.variants[v];
    std::vector<std::string> hashes;
    if (const auto own = trials.find(static_cast<int>(v)); own != trials.end())
      for (const auto* trial : own->second)
        hashes.push_back(fmt::format("{}:{}", trial->task, trial->trial_hash.substr(0, 8)));
    fmt::print("{:<24} {:<28} {:<12} {:<11} {}\n", quant::display_name(variant.plan.name),
               variant.label.empty() ? "-" : variant.label,
               quant::name(quant::execution(variant.plan)),
               quant::needs_calibration(variant.plan) ? "yes" : "no", fmt::join(hashes, " "));
  }
}

/// Plans that would fail for want of calibration rows, and the way out.
void print_uncalibrated(const sweep::Sweep& sweep) {
  if (sweep.tasks.empty() || sweep::calibration_source(sweep.tasks)) return;
  const auto count = std::count_if(
      sweep.variants.begin(), sweep.variants.end(),
      [](const sweep::Variant& variant) { return quant::needs_calibration(variant.plan); });
  if (count > 0)
    fmt::print("warning: {} will fail: calibrated scales need a task with a train split\n",
               util::counted(count, "plan"));
}

void print_plan(const sweep::Sweep& sweep, const measure::Estimate& cost, int workers) {
  print_variants(sweep);
  for (const sweep::DroppedPlan& plan : sweep.dropped)
    fmt::print("dropped {}{}{}: {}\n", plan.plan, plan.variant.empty() ? "" : " ", plan.variant,
               plan.reason);
  for (const sweep::Peer& peer : sweep.peers)
    fmt::print("beside them, latency only: {}{}\n", peer.name,
               peer.version.empty() ? "" : " (" + peer.version + ")");
  if (sweep.search) {
    const auto& search = sweep.search->request.space.search;
    fmt::print("then a search ({}) for {} measures up to {} plans in all\n",
               sweep::name(search.kind), fmt::join(search.objectives, ", "), search.trials);
  }
  size_t groups = 0;
  if (sweep.latency.enabled)
    groups =
        sweep.latency.batch.size() * sweep.latency.seq_len.size() * sweep.latency.threads.size();
  print_uncalibrated(sweep);
  fmt::print("{} on {}: {}, {}, {} dropped\n", util::counted(sweep.variants.size(), "plan"),
             util::counted(sweep.tasks.size(), "task"), util::counted(sweep.trials.size(), "trial"),
             util::counted(groups, "latency group"), sweep.dropped.size());
  fmt::print("about {} for accuracy on {}, {} for latency, {:.1f} GB of memory\n",
             measure::format_duration(cost.accuracy_seconds), util::counted(workers, "worker"),
             measure::format_duration(cost.latency_seconds), cost.memory_bytes / 1e9);
}

}  // namespace

void add_plan(CLI::App& app, int&) {
  CLI::App* command = app.add_subcommand("plan", "What a sweep would run; writes nothing");
  const auto options = std::make_shared<Options>();
  add_config_options(*command, options->config);
  command->add_option("--jobs", options->jobs, "Workers that the estimate assumes");
  command->add_flag("--json", options->json, "One JSON object instead of text");
  command->callback([options] {
    const sweep::Sweep sweep = load(options->config);
    const int workers = options->jobs > 0 ? options->jobs : measure::processors();
    const measure::Estimate cost = measure::estimate(sweep, workers);
    if (options->json)
      fmt::print("{}\n", sweep_json(sweep, cost).dump(2));
    else
      print_plan(sweep, cost, workers);
  });
}

}  // namespace herosweep::cli
