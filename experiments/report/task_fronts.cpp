// Fronts of one task over named metrics.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/util/error.h"
#include "experiments/report/pareto.h"

namespace herosweep::report {

namespace {

bool contains(const std::vector<std::string>& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_fidelity(const std::vector<std::string>& metrics) {
  return contains(metrics, "drift") || contains(metrics, "flips") || contains(metrics, "cosine");
}

/// Named after the first metric that says how good a plan is; the others are what it costs.
std::string front_name(const std::vector<std::string>& metrics, const TaskInfo& task) {
  for (const std::string& metric : metrics) {
    if (metric == "value") return task.metric;
    if (metric == "drift" || metric == "flips" || metric == "cosine") return metric;
  }
  return metrics[0];
}

std::vector<const ParetoMetric*> resolve(const std::vector<std::string>& names) {
  if (names.size() < 2 || names.size() > 3)
    throw ConfigError(fmt::format("a front is over two or three metrics, not {}", names.size()));
  std::vector<const ParetoMetric*> metrics;
  for (const std::string& name : names) {
    const ParetoMetric* metric = &pareto_metric(name);
    if (std::find(metrics.begin(), metrics.end(), metric) != metrics.end())
      throw ConfigError(fmt::format("the metric '{}' is named twice", name));
    metrics.push_back(metric);
  }
  return metrics;
}

bool has_all(const ParetoPoint& point, const std::vector<const ParetoMetric*>& metrics) {
  return std::all_of(metrics.begin(), metrics.end(),
                     [&](const ParetoMetric* m) { return point.metric(*m).has_value(); });
}

Coordinates coordinates(const std::vector<ParetoPoint>& points,
                        const std::vector<const ParetoMetric*>& metrics) {
  Coordinates rows;
  for (const ParetoPoint& point : points) {
    std::vector<double> row;
    for (const ParetoMetric* metric : metrics) {
      const double value = *point.metric(*metric);
      row.push_back(metric->better == Better::lower ? value : -value);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

const ParetoPoint* fastest_within(const std::vector<ParetoPoint>& plans, double points) {
  const auto fp16 = std::find_if(plans.begin(), plans.end(),
                                 [](const ParetoPoint& p) { return p.result->is_fp16; });
  if (fp16 == plans.end()) return nullptr;
  // A hair of slack: 0.5 points of .9020 is no binary fraction.
  const double lowest = fp16->result->value - points / 100 - 1e-12;
  const ParetoPoint* best = nullptr;
  for (const ParetoPoint& p : plans)
    if (p.latency && p.result->value >= lowest &&
        (!best || p.latency->median_ms < best->latency->median_ms))
      best = &p;
  return best;
}

const ParetoPoint* best_within(const std::vector<ParetoPoint>& plans, double milliseconds) {
  const auto rank = [](const ParetoPoint& p) {
    return std::pair(p.result->value, -p.result->drift.value_or(INFINITY));
  };
  const ParetoPoint* best = nullptr;
  for (const ParetoPoint& p : plans)
    if (p.latency && p.latency->median_ms <= milliseconds && (!best || rank(p) > rank(*best)))
      best = &p;
  return best;
}

bool needs_latency(const std::vector<std::string>& metrics) {
  const auto resolved = resolve(metrics);
  return std::any_of(resolved.begin(), resolved.end(),
                     [](const ParetoMetric* m) { return m->needs_latency; });
}

TaskFronts task_fronts(const Snapshot& s, const TaskInfo& task, const GroupKey* group,
                       const std::vector<std::string>& metrics) {
  std::vector<std::vector<std::string>> wanted{metrics};
  if (contains(metrics, "value") && !has_fidelity(metrics)) {
    wanted.push_back(metrics);
    std::replace(wanted[1].begin(), wanted[1].end(), std::string("value"), std::string("drift"));
  }

  TaskFronts result;
  result.points = pareto_points(s, task.name, group);
  for (const auto& names : wanted) {
    const auto resolved = resolve(names);
    std::erase_if(result.points, [&](const ParetoPoint& p) { return !has_all(p, resolved); });
  }
  result.membership.resize(result.points.size());
  for (const auto& names : wanted) {
    const Coordinates points = coordinates(result.points, resolve(names));
    TaskFronts::Front f{front_name(names, task), names, front(points), -1, 0, {}};
    f.knee = knee(points, f.front);
    f.hypervolume = hypervolume(points, f.front);
    f.history = hypervolume_history(points);
    for (const int i : f.front)
      result.membership[i] += (result.membership[i].empty() ? "" : ", ") + f.name;
    result.fronts.push_back(std::move(f));
  }
  return result;
}

}  // namespace herosweep::report
