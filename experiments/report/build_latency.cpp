// Latency tables: one a group with every column, and the grid over batch and sequence of a paper.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "core/util/text.h"
#include "experiments/report/plans.h"
#include "experiments/report/table_parts.h"

namespace herosweep::report {

namespace {

constexpr const char* kSpeedupNote =
    "Speed-up: FP16 time / plan time, median of pairs from the same round; all intervals are 95 "
    "%.";

Table latency_table(const Snapshot& s, const GroupKey& group) {
  std::vector<ParetoPoint> points;
  for (const LatencyRow& row : s.latency)
    if (row.group == group) points.push_back({nullptr, &row, nullptr});
  std::vector<Field> fields = plan_fields(s);
  append(fields,
         {{{"fp16_ms", "FP16", Unit::milliseconds},
           [](const auto& p) { return real(p.latency->fp16_ms); }},
          latency_field(),
          {{"p90_ms", "p90", Unit::milliseconds},
           [](const auto& p) { return maybe(p.latency->p90_ms); }},
          {{"wall_ms", "wall clock", Unit::milliseconds},
           [](const auto& p) { return maybe(p.latency->wall_ms); }},
          ratio_field(),
          {{"rounds", "rounds", Unit::count}, [](const auto& p) { return count(p.latency->n); }},
          execution_field()});
  append(fields, identity_fields());
  Table table = fill(s, TableKind::latency, fields, points);
  add_group(table, group);
  table.caption = caption(s, fmt::format("median time of a pass and speed-up over FP16, {}, on {}",
                                         describe(group), s.sweep.device));
  table.label =
      label(s, fmt::format("latency-b{}-s{}-t{}", group.batch, group.seq_len, group.threads));
  if (std::any_of(points.begin(), points.end(),
                  [](const ParetoPoint& p) { return p.latency->wall_ms.has_value(); }))
    table.notes.emplace_back(
        "Time: CUDA events around passes in a row; wall clock: one pass, from the host's call to "
        "its end on the device.");
  table.notes.emplace_back(kSpeedupNote);
  return table;
}

std::set<int> threads_of(const Snapshot& s) {
  std::set<int> threads;
  for (const GroupKey& group : s.groups) threads.insert(group.threads);
  return threads;
}

/// A plan's rows at one number of threads, by group.
using PlanRows = std::map<GroupKey, const LatencyRow*>;

/// Measured plans in the sweep's order; FP16 leads every sweep.
std::vector<PlanRows> rows_by_plan(const Snapshot& s, int threads) {
  std::vector<PlanRows> plans;
  std::map<std::string_view, size_t> index;
  for (const LatencyRow& row : s.latency) {
    if (row.group.threads != threads) continue;
    const auto [it, added] = index.try_emplace(row.plan_hash, plans.size());
    if (added) plans.emplace_back();
    plans[it->second][row.group] = &row;
  }
  return plans;
}

std::string block_title(const LatencyRow& row, bool with_seed) {
  std::string out = row.is_fp16 ? "FP16" : row.display;
  if (!row.variant.empty()) out += ", " + row.variant;
  return with_seed ? fmt::format("{}, seed {}", out, row.seed) : out;
}

/// A row of the grid: one number of one plan in every group.
TableRow grid_row(const std::vector<GroupKey>& groups, const PlanRows& plan, std::string title,
                  Unit unit, Cell (*cell)(const LatencyRow&)) {
  TableRow row;
  row.is_reference = plan.begin()->second->is_fp16;
  row.cells.push_back(text(std::move(title)));
  for (const GroupKey& group : groups) {
    const auto found = plan.find(group);
    row.cells.push_back(found == plan.end() ? Cell{} : cell(*found->second));
    row.cells.back().unit = unit;
  }
  return row;
}

void add_plan_rows(Table& table, const std::vector<GroupKey>& groups, const PlanRows& plan,
                   const std::string& title) {
  table.rows.push_back(grid_row(groups, plan, title + " (ms)", Unit::milliseconds,
                                [](const LatencyRow& r) { return real(r.median_ms); }));
  if (table.rows.back().is_reference) return;
  table.rows.back().begins_block = true;
  table.rows.push_back(grid_row(groups, plan, "speed-up", Unit::ratio, [](const LatencyRow& r) {
    return real(r.ratio, r.ratio_low, r.ratio_high);
  }));
}

/// Ranks speed-ups; times are the same ranking with wider intervals.
void mark_speedups(Table& table) {
  for (size_t c = 1; c < table.columns.size(); ++c) {
    std::vector<Cell*> cells;
    for (TableRow& row : table.rows)
      if (row.cells[c].unit == Unit::ratio && row.cells[c].number()) cells.push_back(&row.cells[c]);
    mark_cells(cells, Better::higher);
  }
}

Table latency_grid(const Snapshot& s, int threads) {
  std::vector<GroupKey> groups;
  for (const GroupKey& group : s.groups)
    if (group.threads == threads) groups.push_back(group);
  Table table;
  table.kind = TableKind::latency;
  table.columns.push_back({"quantity", "batch size"});
  for (const GroupKey& group : groups) {
    TableColumn column{fmt::format("b{}_s{}", group.batch, group.seq_len),
                       std::to_string(group.batch), Unit::mixed};
    column.group = fmt::format("{} tokens", group.seq_len);
    table.columns.push_back(std::move(column));
  }
  const std::vector<PlanRows> plans = rows_by_plan(s, threads);
  const bool with_seed = has_several_seeds(s);
  for (const PlanRows& plan : plans)
    add_plan_rows(table, groups, plan, block_title(*plan.begin()->second, with_seed));
  mark_speedups(table);
  table.caption = caption(s, fmt::format("median time of a pass and speed-up over FP16 by batch "
                                         "size and sequence length, {}, on {}",
                                         util::counted(threads, "thread"), s.sweep.device));
  table.label = label(s, fmt::format("latency-t{}", threads));
  table.notes = notes(s);
  table.notes.emplace_back(kSpeedupNote);
  return table;
}

}  // namespace

std::vector<Table> latency_tables(const Snapshot& s) {
  std::vector<Table> tables;
  tables.reserve(s.groups.size());
  for (const GroupKey& group : s.groups) tables.push_back(latency_table(s, group));
  return tables;
}

std::vector<Table> latency_grids(const Snapshot& s) {
  require_rows(s, !s.latency.empty(), "latency");
  std::vector<Table> tables;
  for (const int threads : threads_of(s)) tables.push_back(latency_grid(s, threads));
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace herosweep::report
