// Tables of plans on a front.
#include <fmt/format.h>

#include <algorithm>

#include "experiments/report/table_parts.h"

namespace herosweep::report {

Table pareto_table(const Snapshot& s, const std::string& task, const GroupKey* group,
                   const ParetoOptions& options) {
  const auto info = std::find_if(s.tasks.begin(), s.tasks.end(),
                                 [&](const TaskInfo& t) { return t.name == task; });
  const TaskFronts fronts = task_fronts(s, *info, group, options.metrics);
  std::vector<size_t> order;
  for (size_t i = 0; i < fronts.points.size(); ++i)
    if (options.all || !fronts.membership[i].empty()) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const LatencyRow* left = fronts.points[a].latency;
    const LatencyRow* right = fronts.points[b].latency;
    return left && right && left->median_ms < right->median_ms;
  });
  std::vector<ParetoPoint> points;
  points.reserve(order.size());
  for (const size_t i : order) points.push_back(fronts.points[i]);

  std::vector<Field> fields = plan_fields(s);
  append(fields, {metric_field(info->metric), drift_field(), flips_field()});
  // The speed-up's interval is the one that compares plans; the latency table has both.
  if (group)
    append(fields, {{{"median_ms", "time", Unit::milliseconds, Better::lower},
                     [](const auto& p) { return p.latency ? real(p.latency->median_ms) : Cell{}; }},
                    ratio_field()});
  append(fields, {weight_field(), execution_field()});
  fields.push_back({{"front", "front of"}, [&](const ParetoPoint& p) {
                      for (size_t i = 0; i < fronts.points.size(); ++i)
                        if (fronts.points[i].result == p.result) return text(fronts.membership[i]);
                      return Cell{};
                    }});
  append(fields, identity_fields());
  Table table = fill(s, TableKind::pareto, fields, points);
  table.context.emplace_back("task", text(task));
  table.context.emplace_back("metric", text(info->metric));
  if (group) add_group(table, *group);
  table.caption = caption(
      s, group ? fmt::format("plans that no other plan beats on {}, {}", task, describe(*group))
               : fmt::format("plans that no other plan beats on {}", task));
  table.label = label(s, group ? fmt::format("pareto-{}-b{}-s{}-t{}", task, group->batch,
                                             group->seq_len, group->threads)
                               : "pareto-" + task);
  if (group)
    for (std::string& note : peer_notes(s, *group)) table.notes.push_back(std::move(note));
  table.notes.emplace_back(
      "Front of: the trade-off with the others in which no plan beats this one.");
  return table;
}

std::vector<Table> pareto_tables(const Snapshot& s) {
  std::vector<Table> tables;
  for (const TaskInfo& task : s.tasks)
    for (const GroupKey& group : s.groups) {
      Table table = pareto_table(s, task.name, &group, {});
      if (!table.rows.empty()) tables.push_back(std::move(table));
    }
  return tables;
}

}  // namespace herosweep::report
