#include <algorithm>

#include "experiments/report/pareto.h"
#include "experiments/sweep/space.h"

namespace herosweep::report {

namespace {

/// Points (metric x 100) that the value lies below FP16's beyond what `limits` allow.
double violation(const ParetoPoint& point, const std::vector<ParetoPoint>& all,
                 const sweep::Limits& limits) {
  const auto fp16 =
      std::find_if(all.begin(), all.end(), [](const ParetoPoint& p) { return p.result->is_fp16; });
  if (limits.metric_drop <= 0 || fp16 == all.end()) return 0;
  const double drop = 100 * (fp16->result->value - point.result->value);
  return std::max(drop - limits.metric_drop, 0.0);
}

/// Empty where one is missing.
std::vector<double> objectives(const ParetoPoint& point, const std::vector<std::string>& names) {
  std::vector<double> values;
  for (const std::string& name : names) {
    const ParetoMetric& metric = pareto_metric(name);
    const auto value = point.metric(metric);
    if (!value) return {};
    values.push_back(metric.better == Better::lower ? *value : -*value);
  }
  return values;
}

}  // namespace

std::map<std::string, sweep::Evaluation> search_evaluations(store::Store& store,
                                                            const sweep::Sweep& sweep) {
  const Snapshot s = load_snapshot(store, {.sweep = sweep.name});
  const GroupKey* group = s.groups.empty() ? nullptr : s.groups.data();
  const auto points = pareto_points(s, s.tasks[0].name, group);
  std::map<std::string, sweep::Evaluation> found;
  for (const ParetoPoint& point : points) {
    sweep::Evaluation evaluation{objectives(point, sweep.search->request.space.search.objectives),
                                 violation(point, points, sweep.limits)};
    if (!evaluation.objectives.empty()) found.emplace(point.result->plan_hash, evaluation);
  }
  return found;
}

}  // namespace herosweep::report
