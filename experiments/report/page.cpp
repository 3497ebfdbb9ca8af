#include "experiments/report/page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "experiments/report/pareto_plot.h"

namespace herosweep::report {

// Generated from assets/report.html.
extern const std::string_view text_report_html;

namespace {

using nlohmann::ordered_json;

constexpr std::string_view kDataMark = "@DATA@";
constexpr std::string_view kTitleMark = "@TITLE@";

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

/// Plans by hash: what results, latencies and memory say of a plan alike.
ordered_json plans_json(const Snapshot& s) {
  ordered_json plans = ordered_json::object();
  const auto add = [&](const PlanColumns& row) -> ordered_json& {
    ordered_json& plan = plans[row.plan_hash];
    if (plan.is_null())
      plan = {{"name", row.plan},           {"display", row.display}, {"variant", row.variant},
              {"seed", row.seed},           {"family", colours(family(row)).name},  {"execution", row.execution},
              {"dtype", row.compute_dtype}, {"fp16", row.is_fp16},    {"position", row.position}};
    return plan;
  };
  for (const MemoryRow& row : s.memory) {
    ordered_json& plan = add(row);
    plan["weight_bytes"] = row.weight_bytes;
    plan["workspace_bytes"] = row.workspace_bytes;
    plan["peak_bytes"] = row.peak_bytes;
  }
  for (const ResultRow& row : s.results) add(row);
  for (const LatencyRow& row : s.latency) add(row);
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

ordered_json latency_json(const Snapshot& s, const GroupKey& group) {
  ordered_json by_plan = ordered_json::object();
  for (const LatencyRow& row : s.latency)
    if (row.group == group)
      by_plan[row.plan_hash] = {{"ms", row.median_ms},
                                {"low", row.median_low},
                                {"high", row.median_high},
                                {"p90", optional_json(row.p90_ms)},
                                {"ratio", row.ratio},
                                {"ratio_low", row.ratio_low},
                                {"ratio_high", row.ratio_high},
                                {"fp16_ms", row.fp16_ms},
                                {"n", row.n}};
  return by_plan;
}

/// Fronts by quality metric: {"value": [plan hashes], "drift": [...]}.
ordered_json fronts_json(const Snapshot& s, const TaskInfo& task, const GroupKey& group) {
  ordered_json fronts = ordered_json::object();
  for (const char* metric : {"value", "drift"}) {
    const TaskFronts found = task_fronts(s, task, &group, {metric, "latency"});
    ordered_json hashes = ordered_json::array();
    for (const int i : found.fronts[0].front) hashes.push_back(found.points[i].result->plan_hash);
    fronts[metric] = std::move(hashes);
  }
  return fronts;
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

ordered_json page_data(const Snapshot& s) {
  ordered_json data{{"sweep", sweep_json(s)}, {"plans", plans_json(s)}};
  data["environment"] = ordered_json::parse(s.sweep.environment);
  data["warnings"] = warnings(s);
  data["notes"] = notes(s);
  data["failures"] = failures_json(s);
  data["groups"] = ordered_json::array();
  for (const GroupKey& group : s.groups)
    data["groups"].push_back({{"label", describe(group)}, {"plans", latency_json(s, group)}});
  data["tasks"] = ordered_json::array();
  for (const TaskInfo& task : s.tasks) {
    ordered_json entry{{"name", task.name}, {"metric", task.metric}};
    entry["plans"] = results_json(s, task.name);
    entry["fronts"] = ordered_json::array();
    for (const GroupKey& group : s.groups) entry["fronts"].push_back(fronts_json(s, task, group));
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

std::string html_text(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

void replace(std::string& text, std::string_view mark, const std::string& by) {
  text.replace(text.find(mark), mark.size(), by);
}

}  // namespace

std::string report_page(const Snapshot& s) {
  std::string page(text_report_html);
  // The data come last: they may contain anything, a mark too.
  replace(page, kTitleMark, html_text(s.sweep.name + " · " + s.sweep.model));
  replace(page, kDataMark, script_text(page_data(s)));
  return page;
}

}  // namespace herosweep::report
