// The `pareto` command: fronts for a terminal and as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/plans.h"
#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

using nlohmann::ordered_json;

/// Half a point is what papers call "no loss".
constexpr double kDefaultMetricDrop = 0.5;

struct Section {
  const TaskInfo* task;
  const GroupKey* group;  // null when no metric needs a latency
  TaskFronts fronts;
};

std::vector<Section> sections(const Snapshot& s, const ParetoOptions& options) {
  std::vector<Section> all;
  const auto add = [&](const TaskInfo& task, const GroupKey* group) {
    Section section{&task, group, task_fronts(s, task, group, options.metrics)};
    if (!section.fronts.points.empty()) all.push_back(std::move(section));
  };
  const bool by_group = needs_latency(options.metrics);
  for (const TaskInfo& task : s.tasks) {
    if (!by_group) add(task, nullptr);
    for (const GroupKey& group : s.groups)
      if (by_group) add(task, &group);
  }
  if (all.empty())
    throw StoreError(
        fmt::format("sweep {} has no plan with all of these metrics yet ({} of {} trials are done, "
                    "{} latencies "
                    "measured); start it again to go on{}",
                    s.sweep.name, s.trials.done, s.trials.total(), s.latency.size(),
                    by_group ? ", or ask for metrics that need no latency" : ""));
  return all;
}

std::string gain_text(const ParetoPoint& p) {
  return fmt::format("{}: {:.3f} ms, {:.2f}x FP16, {} {:.4f}", plan_label(*p.result),
                     p.latency->median_ms, p.latency->ratio, p.result->metric, p.result->value);
}

std::string budgets_text(const Section& section, const ParetoOptions& options) {
  std::string out;
  const double drop = options.metric_drop.value_or(kDefaultMetricDrop);
  if (const ParetoPoint* p = fastest_within(section.fronts.points, drop))
    out += fmt::format("Fastest within {:g} points of FP16's {}: {}\n", drop, section.task->metric,
                       gain_text(*p));
  if (!options.latency_budget_ms) return out;
  const ParetoPoint* p = best_within(section.fronts.points, *options.latency_budget_ms);
  out += fmt::format("Best within {:g} ms: {}\n", *options.latency_budget_ms,
                     p ? gain_text(*p) : "no plan is that fast");
  return out;
}

/// After 1, 2, 4, ... plans and all of them.
std::string history_text(const TaskFronts::Front& front) {
  std::string out = fmt::format("Hypervolume of {} after plans", front.name);
  for (size_t plans = 1; plans < front.history.size(); plans *= 2)
    out += fmt::format(" {}: {:.3f},", plans, front.history[plans - 1]);
  return out + fmt::format(" {}: {:.3f}\n", front.history.size(), front.history.back());
}

std::string section_text(const Snapshot& s, const Section& section, const ParetoOptions& options) {
  const TaskFronts& fronts = section.fronts;
  std::string out = section.task->name;
  if (section.group) out += ", " + describe(*section.group);
  out += fmt::format(": {} plans\n\n", fronts.points.size());
  out += write_terminal(pareto_table(s, section.task->name, section.group, options)) + "\n";
  for (const TaskFronts::Front& front : fronts.fronts) {
    out += fmt::format("Front of {}: {} plans, hypervolume {:.3f}", front.name, front.front.size(),
                       front.hypervolume);
    if (front.knee >= 0) out += ", knee " + plan_label(*fronts.points[front.knee].result);
    out += "\n";
    if (options.history) out += history_text(front);
  }
  if (section.group)
    for (const std::string& note : peer_notes(s, *section.group))
      out += "Beside them: " + note + "\n";
  return out + budgets_text(section, options);
}

ordered_json section_json(const Snapshot& s, const Section& section, const ParetoOptions& options) {
  const TaskFronts& fronts = section.fronts;
  ordered_json json = table_json(pareto_table(s, section.task->name, section.group, options));
  for (const TaskFronts::Front& front : fronts.fronts) {
    ordered_json entry{{"name", front.name}, {"metrics", front.metrics}};
    entry["hypervolume"] = front.hypervolume;
    entry["knee"] =
        front.knee < 0 ? ordered_json() : ordered_json(fronts.points[front.knee].result->plan_hash);
    entry["plans"] = ordered_json::array();
    for (const int i : front.front) entry["plans"].push_back(fronts.points[i].result->plan_hash);
    if (options.history) entry["hypervolume_history"] = front.history;
    json["fronts"].push_back(std::move(entry));
  }
  const auto hash_of = [](const ParetoPoint* p) {
    return p ? ordered_json(p->result->plan_hash) : ordered_json();
  };
  json["fastest_within"]["metric_drop"] = options.metric_drop.value_or(kDefaultMetricDrop);
  json["fastest_within"]["plan"] =
      hash_of(fastest_within(fronts.points, options.metric_drop.value_or(kDefaultMetricDrop)));
  if (options.latency_budget_ms) {
    json["best_within"]["latency_ms"] = *options.latency_budget_ms;
    json["best_within"]["plan"] = hash_of(best_within(fronts.points, *options.latency_budget_ms));
  }
  return json;
}

}  // namespace

std::string pareto_text(store::Store& store, const ParetoOptions& options) {
  const Snapshot s = load_snapshot(store, options.filter);
  std::string out = fmt::format("Sweep {}: {} on {} ({})\n", s.sweep.name, s.sweep.model,
                                s.sweep.backend, s.sweep.device);
  for (const Section& section : sections(s, options))
    out += "\n" + section_text(s, section, options);
  out += "\n* the FP16 plan. Intervals are 95 %; speed-up is paired with FP16, round by round.\n";
  for (const std::string& note : notes(s)) out += note + "\n";
  for (const std::string& warning : warnings(s)) out += "Warning: " + warning + "\n";
  return out;
}

std::string pareto_json(store::Store& store, const ParetoOptions& options) {
  const Snapshot s = load_snapshot(store, options.filter);
  ordered_json json{{"sweep", s.sweep.name}};
  for (const Section& section : sections(s, options))
    json["tables"].push_back(section_json(s, section, options));
  json["warnings"] = warnings(s);
  return json.dump(1) + "\n";
}

}  // namespace herosweep::report
