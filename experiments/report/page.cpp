#include "experiments/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "experiments/report/layer_error.h"
#include "experiments/report/markup.h"
#include "experiments/report/pareto_plot.h"
#include "experiments/report/plans.h"
#include "experiments/report/sensitivity_pictures.h"
#include "experiments/stats/stats.h"

namespace herosweep::report {

// Generated from assets.
extern const std::string_view text_report_html, text_report_css, text_state_js, text_axes_js,
    text_plot_js, text_detail_js, text_tables_js, text_distribution_js, text_page_js;

namespace {

using nlohmann::ordered_json;

/// A sorted sample's quantiles draw the same picture as the sample, and fit into a page.
constexpr size_t kMostSamples = 64;
/// Samples of more rows make a page that a phone cannot open.
constexpr size_t kMostSampledRows = 2000;

template <typename T>
ordered_json optional_json(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json sweep_json(const Snapshot& s) {
  const SweepInfo& sweep = s.sweep;
  return {{"name", sweep.name},
          {"model", sweep.model},
          {"shape", fmt::format("{} layers, hidden {}, {} heads, intermediate {}", sweep.layers,
                                sweep.hidden, sweep.heads, sweep.intermediate)},
          {"backend", sweep.backend},
          {"device", sweep.device},
          {"weights_hash", sweep.weights_hash},
          {"caption", sweep.caption},
          {"started_at", sweep.started_at},
          {"config", sweep.config},
          {"done", s.trials.done},
          {"total", s.trials.total()}};
}

/// [[module, scheme], ...] in data order.
ordered_json schemes_json(const Snapshot& s, const std::string& plan_hash) {
  ordered_json schemes = ordered_json::array();
  const auto it = s.schemes.find(plan_hash);
  if (it == s.schemes.end()) return schemes;
  for (const ModuleScheme& module : it->second) schemes.push_back({module.module, module.scheme});
  return schemes;
}

/// Plans by hash: what results, latencies and memory say of a plan alike.
ordered_json plans_json(const Snapshot& s) {
  ordered_json plans = ordered_json::object();
  const auto add = [&](const PlanColumns& row) -> ordered_json& {
    ordered_json& plan = plans[row.plan_hash];
    if (plan.is_null())
      plan = {{"name", row.plan},
              {"display", row.display},
              {"variant", row.variant},
              {"seed", row.seed},
              {"family", colours(family(row)).name},
              {"named", has_own_name(row)},
              {"execution", row.execution},
              {"fp16", row.is_fp16},
              {"position", row.position}};
    return plan;
  };
  for (const MemoryRow& row : s.memory) {
    ordered_json& plan = add(row);
    plan["weight_bytes"] = row.weight_bytes;
    plan["workspace_bytes"] = row.workspace_bytes;
    plan["peak_bytes"] = row.peak_bytes;
  }
  for (const ResultRow& row : s.results) add(row)["weight_bytes"] = row.weight_bytes;
  for (const LatencyRow& row : s.latency) add(row);
  for (auto& [hash, plan] : plans.items()) plan["schemes"] = schemes_json(s, hash);
  return plans;
}

ordered_json results_json(const Snapshot& s, const std::string& task) {
  ordered_json by_plan = ordered_json::object();
  for (const ResultRow& row : s.results)
    if (row.task == task)
      by_plan[row.plan_hash] = {{"value", row.value},
                                {"low", row.ci_low},
                                {"high", row.ci_high},
                                {"n", row.n},
                                {"flips", optional_json(row.flips)},
                                {"drift", optional_json(row.drift)},
                                {"cosine", optional_json(row.cosine)},
                                {"trial", row.trial_hash}};
  return by_plan;
}

/// Sorted, at most kMostSamples quantiles, five digits.
ordered_json samples_json(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  ordered_json out = ordered_json::array();
  const size_t n = std::min(samples.size(), kMostSamples);
  for (size_t i = 0; i < n; ++i) {
    const double value =
        n == samples.size()
            ? samples[i]
            : stats::quantile_of_sorted(samples, static_cast<double>(i) / (kMostSamples - 1));
    out.push_back(std::stod(fmt::format("{:.5g}", value)));
  }
  return out;
}

ordered_json latency_json(const Snapshot& s, const LatencySamples& samples, const GroupKey& group) {
  ordered_json by_plan = ordered_json::object();
  for (size_t i = 0; i < s.latency.size(); ++i) {
    const LatencyRow& row = s.latency[i];
    if (row.group != group) continue;
    ordered_json& entry = by_plan[row.plan_hash];
    entry = {{"ms", row.median_ms},
             {"low", row.median_low},
             {"high", row.median_high},
             {"p90", optional_json(row.p90_ms)},
             {"wall", optional_json(row.wall_ms)},
             {"ratio", row.ratio},
             {"ratio_low", row.ratio_low},
             {"ratio_high", row.ratio_high},
             {"n", row.n}};
    if (!samples.empty()) entry["samples"] = samples_json(samples[i]);
  }
  return by_plan;
}

ordered_json failures_json(const Snapshot& s) {
  ordered_json rows = ordered_json::array();
  for (const FailureRow& row : s.failures)
    rows.push_back({{"plan", row.display},
                    {"variant", row.variant},
                    {"where", row.group ? describe(*row.group) : row.task},
                    {"kind", row.kind},
                    {"message", row.message}});
  return rows;
}

bool has_quantiles(const LatencySamples& samples) {
  return std::any_of(samples.begin(), samples.end(),
                     [](const auto& rounds) { return rounds.size() > kMostSamples; });
}

ordered_json page_data(const Snapshot& s, const LatencySamples& samples) {
  ordered_json data{{"sweep", sweep_json(s)}, {"plans", plans_json(s)}};
  data["environment"] = ordered_json::parse(s.sweep.environment);
  data["warnings"] = warnings(s);
  data["notes"] = notes(s);
  for (const GroupKey& group : s.groups)
    for (const std::string& note : peer_notes(s, group))
      data["notes"].push_back(fmt::format("{}: {}", describe(group), note));
  data["failures"] = failures_json(s);
  data["many_seeds"] = has_several_seeds(s);
  data["most_samples"] = has_quantiles(samples) ? ordered_json(kMostSamples) : ordered_json();
  data["groups"] = ordered_json::array();
  for (const GroupKey& group : s.groups)
    data["groups"].push_back(
        {{"label", describe(group)}, {"plans", latency_json(s, samples, group)}});
  data["tasks"] = ordered_json::array();
  for (const TaskInfo& task : s.tasks) {
    ordered_json entry{{"name", task.name}, {"metric", task.metric}};
    entry["plans"] = results_json(s, task.name);
    data["tasks"].push_back(std::move(entry));
  }
  return data;
}

/// JSON inside a script element: without "<" no string in it can end the element.
std::string script_text(const ordered_json& data) {
  std::string out;
  for (const char c : data.dump()) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

/// The template with "@NAME@" filled in, once each and in order: what is filled in may contain
/// anything, a mark too.
std::string fill_marks(std::string_view text,
                       const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out;
  for (const auto& [mark, value] : values) {
    const size_t at = text.find(mark);
    out += std::string(text.substr(0, at)) + value;
    text.remove_prefix(at + mark.size());
  }
  return out + std::string(text);
}

std::string scripts() {
  std::string out;
  for (const std::string_view part : {text_state_js, text_axes_js, text_plot_js, text_detail_js,
                                      text_tables_js, text_distribution_js, text_page_js})
    out += part;
  return out;
}

}  // namespace

std::string report_page(const Snapshot& s, const LatencySamples& samples,
                        const std::vector<std::string>& sections) {
  std::string joined;
  for (const std::string& section : sections) joined += section;
  return fill_marks(text_report_html, {{"@TITLE@", markup(s.sweep.name + " · " + s.sweep.model)},
                                       {"@STYLE@", std::string(text_report_css)},
                                       {"@INKS@", ink_styles()},
                                       {"@SECTIONS@", joined},
                                       {"@DATA@", script_text(page_data(s, samples))},
                                       {"@SCRIPT@", scripts()}});
}

std::string report_page(store::Store& store, const Filter& filter) {
  const Snapshot snapshot = load_snapshot(store, filter);
  std::vector<std::string> sections;
  for (const HeatMap& map : sensitivity_maps(store, snapshot))
    sections.push_back(heat_map_section(map));
  if (const auto map = layer_error_map(store, snapshot)) sections.push_back(heat_map_section(*map));
  return report_page(snapshot, load_samples(store, snapshot), sections);
}

LatencySamples load_samples(const store::Store& store, const Snapshot& s) {
  constexpr double kNanosecondsPerMillisecond = 1e6;
  LatencySamples samples;
  samples.reserve(s.latency.size());
  for (const LatencyRow& row : s.latency) {
    std::vector<double>& milliseconds = samples.emplace_back();
    if (s.latency.size() > kMostSampledRows && !has_own_name(row)) continue;
    for (const int64_t ns : store.latency_ns(row.group_id, row.plan_hash))
      milliseconds.push_back(static_cast<double>(ns) / kNanosecondsPerMillisecond);
  }
  return samples;
}

}  // namespace herosweep::report
