// Trade-offs between two or three metrics of plans: front, knee, hypervolume, best within a budget.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/report/rows.h"

namespace herosweep::report {

enum class Better { higher, lower };

/// A metric of a plan that a front can be drawn over.
struct ParetoMetric {
  std::string_view name;
  Better better;
  bool needs_latency;
};

/// Throws ConfigError naming the metrics there are.
const ParetoMetric& pareto_metric(std::string_view name);

/// One plan on one task, with its latency where it has one.
struct ParetoPoint {
  const ResultRow* result = nullptr;
  const LatencyRow* latency = nullptr;  // null for a simulated plan
  const MemoryRow* memory = nullptr;
  /// Nothing where the metric was not measured for this plan.
  std::optional<double> metric(const ParetoMetric& metric) const;
};

/// Points of one task. `group` null: without latencies.
std::vector<ParetoPoint> pareto_points(const Snapshot& snapshot, const std::string& task,
                                       const GroupKey* group);

/// The fronts of one task: over the asked metrics, and with drift in place of the task metric
/// unless a fidelity metric is among them.
struct TaskFronts {
  struct Front {
    std::string name;  // its metric that is not a cost: "accuracy", "drift"
    std::vector<std::string> metrics;
    std::vector<int> front;  // indices into `points`
    int knee = -1;           // index into `points`
    double hypervolume = 0;
    std::vector<double> history;  // hypervolume of the first 1, 2, ... plans, in plan order
  };
  std::vector<ParetoPoint> points;  // that have all the metrics
  std::vector<Front> fronts;
  std::vector<std::string> membership;  // of each point: names of its fronts, "accuracy, drift"
};

/// Throws ConfigError for an unknown metric, or not two or three of them.
TaskFronts task_fronts(const Snapshot& snapshot, const TaskInfo& task, const GroupKey* group,
                       const std::vector<std::string>& metrics);

/// The fastest plan whose task metric is at most `points` (metric x 100) below FP16's; null when
/// FP16 or every latency is missing.
const ParetoPoint* fastest_within(const std::vector<ParetoPoint>& plans, double points);
/// The plan with the best task metric among those that take at most `milliseconds`; of equals the
/// one with less drift. Null when none is that fast.
const ParetoPoint* best_within(const std::vector<ParetoPoint>& plans, double milliseconds);

/// Whether fronts over these metrics are drawn for each latency group.
bool needs_latency(const std::vector<std::string>& metrics);

/// Coordinates to minimise, one row a point (higher-is-better metrics are negated). All rows have
/// the same length, two or three.
using Coordinates = std::vector<std::vector<double>>;

/// Indices of the points that no other point dominates (at least as good everywhere, better
/// somewhere), in input order. Equal points are all on the front.
std::vector<int> front(const Coordinates& points);

/// The front's point that lies farthest below the plane through the corners of the front's bounding
/// box, coordinates scaled to [0, 1] over the front: in two dimensions the point farthest from the
/// chord between the extremes (Das 1999). -1 for fewer than three points.
int knee(const Coordinates& points, const std::vector<int>& front);

/// Share of the box between the best and the worst value of each metric over all points that the
/// front dominates, in [0, 1]; 0 when a metric does not vary.
double hypervolume(const Coordinates& points, const std::vector<int>& front);

/// Hypervolume of the front of the first 1, 2, ... points, all in the box of all points: how fast a
/// search, whose plans stand in the order in which it chose them, came near its front.
std::vector<double> hypervolume_history(const Coordinates& points);

}  // namespace herosweep::report
