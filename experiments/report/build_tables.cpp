// From rows of the views to tables: results and memory, and which builder makes the others.
#include <fmt/format.h>

#include <algorithm>

#include "core/util/text.h"
#include "experiments/report/table_parts.h"

namespace herosweep::report {

namespace {

Table results_table(const Snapshot& s, const TaskInfo& task) {
  std::vector<Field> fields = plan_fields(s);
  append(fields, {metric_field(task.metric), flips_field(), drift_field(), cosine_field(),
                  weight_field(), execution_field()});
  append(fields, identity_fields());
  append(fields,
         {{machine_column("trial_hash"), [](const auto& p) { return text(p.result->trial_hash); }},
          {machine_column("n"), [](const auto& p) { return count(p.result->n); }},
          {machine_column("kl"), [](const auto& p) { return maybe(p.result->kl); }},
          {machine_column("max_error"), [](const auto& p) { return maybe(p.result->max_error); }}});
  const std::vector<ParetoPoint> points = pareto_points(s, task.name, nullptr);
  Table table = fill(s, TableKind::results, fields, points);
  table.context.emplace_back("task", text(task.name));
  table.context.emplace_back("metric", text(task.metric));
  table.caption =
      caption(s, fmt::format("{} on {} ({} examples) with 95 % interval, and distance to FP16",
                             task.metric, task.name, points.empty() ? 0 : points[0].result->n));
  table.label = label(s, "results-" + task.name);
  return table;
}

Table memory_table(const Snapshot& s) {
  std::vector<ParetoPoint> points;
  const MemoryRow* fp16 = nullptr;
  for (const MemoryRow& row : s.memory) {
    points.push_back({nullptr, nullptr, &row});
    if (row.is_fp16) fp16 = &row;
  }
  std::vector<Field> fields = plan_fields(s);
  append(fields, {weight_field(),
                  {{"weight_ratio", "smaller", Unit::ratio},
                   [fp16](const auto& p) {
                     return fp16 && p.memory->weight_bytes > 0
                                ? real(static_cast<double>(fp16->weight_bytes) /
                                       static_cast<double>(p.memory->weight_bytes))
                                : Cell{};
                   }},
                  {{"workspace_bytes", "workspace", Unit::bytes},
                   [](const auto& p) { return count(p.memory->workspace_bytes); }},
                  {{"peak_bytes", "peak", Unit::bytes},
                   [](const auto& p) { return count(p.memory->peak_bytes); }},
                  execution_field()});
  append(fields, identity_fields());
  Table table = fill(s, TableKind::memory, fields, points);
  table.caption = caption(s, "weights resident, activations and peak of the accuracy process");
  table.label = label(s, "memory");
  table.notes.emplace_back("Smaller: weights of the FP16 plan / weights of this plan.");
  return table;
}

}  // namespace

std::string describe(const GroupKey& group) {
  return fmt::format("batch {}, {} tokens, {}", group.batch, group.seq_len,
                     util::counted(group.threads, "thread"));
}

std::vector<Table> build_tables(const Snapshot& s, TableKind kind) {
  std::vector<Table> tables;
  switch (kind) {
    case TableKind::results:
      require_rows(s, !s.results.empty(), "results");
      for (const TaskInfo& task : s.tasks) tables.push_back(results_table(s, task));
      break;
    case TableKind::glue:         // of several sweeps: glue_table
    case TableKind::sensitivity:  // of plans and outcomes: sensitivity_tables
      break;
    case TableKind::pareto:
      tables = pareto_tables(s);
      require_rows(s, !tables.empty(), "plan with both accuracy and latency");
      break;
    case TableKind::latency:
      require_rows(s, !s.latency.empty(), "latency");
      tables = latency_tables(s);
      break;
    case TableKind::memory:
      require_rows(s, !s.memory.empty(), "memory");
      tables.push_back(memory_table(s));
      break;
  }
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  for (Table& table : tables)
    if (kind != TableKind::pareto) set_marks(table);
  return tables;
}

}  // namespace herosweep::report
