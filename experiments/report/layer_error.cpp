#include "experiments/report/layer_error.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiments/report/pareto_plot.h"

namespace herosweep::report {

namespace {

/// More rows than this are a wall of numbers.
constexpr size_t kMostPlans = 16;

std::vector<const MemoryRow*> named_plans(const Snapshot& s) {
  std::vector<const MemoryRow*> plans;
  for (const MemoryRow& row : s.memory)
    if (!row.is_fp16 && has_own_name(row) && plans.size() < kMostPlans) plans.push_back(&row);
  return plans;
}

std::vector<std::optional<double>> distances(SQLite::Database& db, const Snapshot& s,
                                             const std::string& plan_hash) {
  SQLite::Statement query(db,
                          "SELECT e.layer, 1 - e.cosine FROM module_error e JOIN passes p ON p.id "
                          "= e.pass_id WHERE p.plan_hash = ?1 AND p.weights_hash = ?2 AND "
                          "p.backend = ?3 AND p.current = 1 AND e.cosine IS NOT NULL");
  query.bind(1, plan_hash);
  query.bind(2, s.sweep.weights_hash);
  query.bind(3, s.sweep.backend);
  std::vector<std::optional<double>> values(static_cast<size_t>(s.sweep.layers));
  while (query.executeStep()) {
    const int layer = query.getColumn(0).getInt();
    if (layer >= 0 && layer < s.sweep.layers)
      values[static_cast<size_t>(layer)] = query.getColumn(1).getDouble();
  }
  return values;
}

}  // namespace

std::optional<HeatMap> layer_error_map(store::Store& store, const Snapshot& s) {
  HeatMap map{
      "Distance of layer outputs from FP16 (1 − cosine)", "plan", "layer", {}, {}, {}, 4, false};
  for (int layer = 0; layer < s.sweep.layers; ++layer) map.columns.push_back(std::to_string(layer));
  bool any = false;
  for (const MemoryRow* plan : named_plans(s)) {
    auto values = reading(store, [&] { return distances(store.database(), s, plan->plan_hash); });
    any |= std::any_of(values.begin(), values.end(), [](const auto& v) { return v.has_value(); });
    map.rows.push_back(plan->variant.empty()
                           ? plan->display
                           : fmt::format("{} ({})", plan->display, plan->variant));
    map.values.push_back(std::move(values));
  }
  return any ? std::optional(std::move(map)) : std::nullopt;
}

}  // namespace herosweep::report
