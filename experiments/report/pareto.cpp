#include "experiments/report/pareto.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>

#include "core/util/error.h"
#include "experiments/stats/front.h"

namespace herosweep::report {

namespace {

constexpr std::array<ParetoMetric, 8> kMetrics{{
    {"value", Better::higher, false},
    {"drift", Better::lower, false},
    {"flips", Better::lower, false},
    {"cosine", Better::higher, false},
    {"latency", Better::lower, true},
    {"ratio", Better::higher, true},
    {"weight_bytes", Better::lower, false},
    {"peak_bytes", Better::lower, false},
}};

struct Box {
  std::vector<double> low, high;
};

Box bounds(const Coordinates& points, const std::vector<int>& indices) {
  Box box{points[indices[0]], points[indices[0]]};
  for (const int i : indices)
    for (size_t d = 0; d < box.low.size(); ++d) {
      box.low[d] = std::min(box.low[d], points[i][d]);
      box.high[d] = std::max(box.high[d], points[i][d]);
    }
  return box;
}

/// Area that two-dimensional points in the unit square dominate, up to the corner (1, 1).
double area(std::vector<std::array<double, 2>> points) {
  std::sort(points.begin(), points.end());
  double sum = 0;
  double ceiling = 1;
  for (const auto& [x, y] : points) {
    if (y >= ceiling) continue;
    sum += (1 - x) * (ceiling - y);
    ceiling = y;
  }
  return sum;
}

/// Slices along the third coordinate: between two neighbouring values the dominated area is that of
/// the points below.
double volume(std::vector<std::array<double, 3>> points) {
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a[2] < b[2]; });
  double sum = 0;
  std::vector<std::array<double, 2>> below;
  for (size_t i = 0; i < points.size(); ++i) {
    below.push_back({points[i][0], points[i][1]});
    const double top = i + 1 < points.size() ? points[i + 1][2] : 1.0;
    sum += (top - points[i][2]) * area(below);
  }
  return sum;
}

template <typename T>
std::optional<double> as_real(const std::optional<T>& value) {
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

}  // namespace

const ParetoMetric& pareto_metric(std::string_view name) {
  const auto it = std::find_if(kMetrics.begin(), kMetrics.end(),
                               [&](const ParetoMetric& m) { return m.name == name; });
  if (it != kMetrics.end()) return *it;
  std::string all;
  for (const ParetoMetric& metric : kMetrics)
    all += (all.empty() ? "" : ", ") + std::string(metric.name);
  throw ConfigError(
      fmt::format("there is no metric '{}'; a front is over two or three of {}", name, all));
}

std::optional<double> ParetoPoint::metric(const ParetoMetric& m) const {
  if (m.name == "value") return result->value;
  if (m.name == "drift") return result->drift;
  if (m.name == "flips") return as_real(result->flips);
  if (m.name == "cosine") return result->cosine;
  if (m.name == "weight_bytes") return static_cast<double>(result->weight_bytes);
  if (m.name == "peak_bytes")
    return memory ? std::optional(static_cast<double>(memory->peak_bytes)) : std::nullopt;
  if (!latency) return std::nullopt;
  return m.name == "latency" ? latency->median_ms : latency->ratio;
}

std::vector<ParetoPoint> pareto_points(const Snapshot& s, const std::string& task,
                                       const GroupKey* group) {
  std::unordered_map<std::string_view, const MemoryRow*> memory;
  for (const MemoryRow& row : s.memory) memory.emplace(row.plan_hash, &row);
  std::unordered_map<std::string_view, const LatencyRow*> latency;
  for (const LatencyRow& row : s.latency)
    if (group && row.group == *group) latency.emplace(row.plan_hash, &row);
  const auto found = [](const auto& rows, const std::string& plan_hash) {
    const auto it = rows.find(plan_hash);
    return it == rows.end() ? nullptr : it->second;
  };
  std::vector<ParetoPoint> points;
  for (const ResultRow& result : s.results) {
    if (result.task != task) continue;
    ParetoPoint point;
    point.result = &result;
    point.memory = found(memory, result.plan_hash);
    point.latency = found(latency, result.plan_hash);
    points.push_back(point);
  }
  return points;
}

std::vector<int> front(const Coordinates& points) {
  std::vector<int> order(points.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return points[a] < points[b]; });
  // What dominates a point precedes it in this order, and is dominated by no one or by a point of
  // the front that dominates both.
  std::vector<int> indices;
  for (const int i : order)
    if (std::none_of(indices.begin(), indices.end(),
                     [&](int other) { return stats::dominates(points[other], points[i]); }))
      indices.push_back(i);
  std::sort(indices.begin(), indices.end());
  return indices;
}

int knee(const Coordinates& points, const std::vector<int>& front) {
  if (front.size() < 3) return -1;
  const Box box = bounds(points, front);
  int best = -1;
  // The corners' plane is sum of coordinates = 1; the extremes of a two-metric front lie on it.
  double best_sum = 1.0;
  for (const int i : front) {
    double sum = 0;
    for (size_t d = 0; d < box.low.size(); ++d) {
      const double range = box.high[d] - box.low[d];
      if (range > 0) sum += (points[i][d] - box.low[d]) / range;
    }
    if (sum < best_sum) {
      best_sum = sum;
      best = i;
    }
  }
  return best;
}

double hypervolume(const Coordinates& points, const std::vector<int>& front) {
  if (front.empty()) return 0;
  std::vector<int> all(points.size());
  std::iota(all.begin(), all.end(), 0);
  const Box box = bounds(points, all);
  const size_t dimensions = box.low.size();
  std::vector<std::array<double, 3>> scaled;
  for (const int i : front) {
    std::array<double, 3> point{};
    for (size_t d = 0; d < dimensions; ++d) {
      const double range = box.high[d] - box.low[d];
      if (range <= 0) return 0;
      point[d] = (points[i][d] - box.low[d]) / range;
    }
    scaled.push_back(point);
  }
  // A front over two metrics is one slice from 0 to 1.
  return volume(scaled);
}

std::vector<double> hypervolume_history(const Coordinates& points) {
  std::vector<double> history;
  std::vector<int> front;
  for (int i = 0; i < static_cast<int>(points.size()); ++i) {
    const auto beaten = [&](int other, int by) {
      return stats::dominates(points[by], points[other]);
    };
    if (std::any_of(front.begin(), front.end(), [&](int f) { return beaten(i, f); })) {
      history.push_back(history.back());
      continue;
    }
    std::erase_if(front, [&](int f) { return beaten(f, i); });
    front.push_back(i);
    history.push_back(hypervolume(points, front));
  }
  return history;
}

}  // namespace herosweep::report
