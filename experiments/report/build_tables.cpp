// From rows of the views to tables: which columns each kind of table has.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "core/util/error.h"
#include "experiments/report/table.h"

namespace herosweep::report {

namespace {

Cell text(std::string value) { return {std::move(value), std::nullopt, Mark::none}; }
Cell count(int64_t value) { return {value, std::nullopt, Mark::none}; }
Cell real(double value) { return {value, std::nullopt, Mark::none}; }
Cell real(double value, double low, double high) {
  return {value, ConfidenceInterval{low, high}, Mark::none};
}
Cell maybe(const std::optional<double>& value) { return value ? real(*value) : Cell{}; }
Cell maybe(const std::optional<int64_t>& value) { return value ? count(*value) : Cell{}; }

/// A column and how to fill it; `latency` and others may be null for plans without them.
struct Field {
  TableColumn column;
  std::function<Cell(const ParetoPoint&)> cell;
};

const PlanColumns& plan_of(const ParetoPoint& p) {
  if (p.result) return *p.result;
  if (p.latency) return *p.latency;
  return *p.memory;
}

TableColumn machine_column(const char* key) {
  TableColumn column{key, key};
  column.for_machines_only = true;
  return column;
}

/// Plan, and the columns that tell it from its namesakes where this sweep has any.
std::vector<Field> plan_fields(const Snapshot& s) {
  std::vector<Field> fields;
  fields.push_back({{"plan", "plan"}, [](const auto& p) { return text(plan_of(p).display); }});
  const auto varies = [&](auto member) {
    std::set<std::decay_t<decltype(member(s.results[0]))>> seen;
    for (const ResultRow& row : s.results) seen.insert(member(row));
    return seen.size() > 1;
  };
  const bool has_variants =
      !s.results.empty() && varies([](const ResultRow& r) { return r.variant; });
  const bool has_seeds = !s.results.empty() && varies([](const ResultRow& r) { return r.seed; });
  fields.push_back(
      {{"variant", "variant"}, [](const auto& p) { return text(plan_of(p).variant); }});
  fields.back().column.for_machines_only = !has_variants;
  fields.push_back(
      {{"seed", "seed", Unit::count}, [](const auto& p) { return count(plan_of(p).seed); }});
  fields.back().column.for_machines_only = !has_seeds;
  return fields;
}

std::vector<Field> identity_fields() {
  return {{machine_column("plan_name"), [](const auto& p) { return text(plan_of(p).plan); }},
          {machine_column("plan_hash"), [](const auto& p) { return text(plan_of(p).plan_hash); }},
          {machine_column("device"), [](const auto& p) { return text(plan_of(p).device); }},
          {machine_column("compute_dtype"),
           [](const auto& p) { return text(plan_of(p).compute_dtype); }}};
}

Field execution_field() {
  return {{"execution", "execution"}, [](const auto& p) { return text(plan_of(p).execution); }};
}

Field metric_field(const std::string& metric) {
  return {{"value", metric, Unit::score, Better::higher, true, true},
          [](const auto& p) { return real(p.result->value, p.result->ci_low, p.result->ci_high); }};
}

Field flips_field() {
  return {{"flips", "flips", Unit::count, Better::lower, false},
          [](const auto& p) { return maybe(p.result->flips); }};
}

Field drift_field() {
  return {{"drift", "drift", Unit::drift, Better::lower, false},
          [](const auto& p) { return maybe(p.result->drift); }};
}

Field cosine_field() {
  return {{"cosine", "cosine", Unit::score, Better::higher, false},
          [](const auto& p) { return maybe(p.result->cosine); }};
}

Field weight_field() {
  return {{"weight_bytes", "weights", Unit::bytes, Better::lower}, [](const auto& p) {
            return count(p.memory ? p.memory->weight_bytes : p.result->weight_bytes);
          }};
}

Field latency_field() {
  return {{"median_ms", "time", Unit::milliseconds, Better::lower, true, true}, [](const auto& p) {
            return p.latency
                       ? real(p.latency->median_ms, p.latency->median_low, p.latency->median_high)
                       : Cell{};
          }};
}

Field ratio_field() {
  return {{"ratio", "speed-up", Unit::ratio, Better::higher, true, true}, [](const auto& p) {
            return p.latency ? real(p.latency->ratio, p.latency->ratio_low, p.latency->ratio_high)
                             : Cell{};
          }};
}

void append(std::vector<Field>& fields, std::vector<Field> more) {
  for (Field& field : more) fields.push_back(std::move(field));
}

Table fill(const Snapshot& s, TableKind kind, const std::vector<Field>& fields,
           const std::vector<ParetoPoint>& points) {
  Table table;
  table.kind = kind;
  table.context = {{"sweep", text(s.sweep.name)},
                   {"model", text(s.sweep.model)},
                   {"backend", text(s.sweep.backend)}};
  for (const Field& field : fields) table.columns.push_back(field.column);
  for (const ParetoPoint& point : points) {
    TableRow row;
    row.is_reference = plan_of(point).is_fp16;
    for (const Field& field : fields) row.cells.push_back(field.cell(point));
    table.rows.push_back(std::move(row));
  }
  table.notes = notes(s);
  return table;
}

void add_group(Table& table, const GroupKey& group) {
  table.context.emplace_back("batch", count(group.batch));
  table.context.emplace_back("seq_len", count(group.seq_len));
  table.context.emplace_back("threads", count(group.threads));
}

/// "caption of the sweep: what this table shows."
std::string caption(const Snapshot& s, const std::string& what) {
  const std::string& subject = s.sweep.caption.empty() ? s.sweep.model : s.sweep.caption;
  return fmt::format("{}: {}.", subject, what);
}

std::string label(const Snapshot& s, const std::string& rest) {
  const std::string& prefix = s.sweep.label_prefix.empty() ? s.sweep.name : s.sweep.label_prefix;
  return fmt::format("tab:{}-{}", prefix, rest);
}

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
    table.notes.push_back(
        "Time: CUDA events around passes in a row; wall clock: one pass, from the host's call to "
        "its "
        "end on the device.");
  table.notes.push_back(
      "Speed-up: FP16 time / plan time, median of pairs from the same round; all intervals are 95 "
      "%.");
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
  table.notes.push_back("Smaller: weights of the FP16 plan / weights of this plan.");
  return table;
}

void require_rows(const Snapshot& s, bool any, const char* what) {
  if (!any)
    throw StoreError(
        fmt::format("sweep {} has no {} yet ({} of {} trials are done); start it again to go on",
                    s.sweep.name, what, s.trials.done, s.trials.total()));
}

std::vector<Table> pareto_tables(const Snapshot& s) {
  std::vector<Table> tables;
  for (const TaskInfo& task : s.tasks)
    for (const GroupKey& group : s.groups) {
      Table table = pareto_table(s, task.name, &group, {});
      if (!table.rows.empty()) tables.push_back(std::move(table));
    }
  require_rows(s, !tables.empty(), "plan with both accuracy and latency");
  return tables;
}

}  // namespace

std::string describe(const GroupKey& group) {
  return fmt::format("batch {}, {} tokens, {} thread{}", group.batch, group.seq_len, group.threads,
                     group.threads == 1 ? "" : "s");
}

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
  table.notes.push_back("Front of: the trade-off with the others in which no plan beats this one.");
  return table;
}

std::vector<Table> build_tables(const Snapshot& s, TableKind kind) {
  std::vector<Table> tables;
  switch (kind) {
    case TableKind::results:
      require_rows(s, !s.results.empty(), "results");
      for (const TaskInfo& task : s.tasks) tables.push_back(results_table(s, task));
      break;
    case TableKind::pareto:
      tables = pareto_tables(s);
      break;
    case TableKind::latency:
      require_rows(s, !s.latency.empty(), "latency");
      for (const GroupKey& group : s.groups) tables.push_back(latency_table(s, group));
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
