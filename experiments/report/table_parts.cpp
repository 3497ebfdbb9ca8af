#include "experiments/report/table_parts.h"

#include <fmt/format.h>

#include <set>

#include "core/util/error.h"
#include "experiments/report/plans.h"

namespace herosweep::report {

Cell text(std::string value) { return {std::move(value), std::nullopt, Mark::none}; }
Cell count(int64_t value) { return {value, std::nullopt, Mark::none}; }
Cell real(double value) { return {value, std::nullopt, Mark::none}; }
Cell real(double value, double low, double high) {
  return {value, ConfidenceInterval{low, high}, Mark::none};
}
Cell maybe(const std::optional<double>& value) { return value ? real(*value) : Cell{}; }
Cell maybe(const std::optional<int64_t>& value) { return value ? count(*value) : Cell{}; }

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

std::vector<Field> plan_fields(const Snapshot& s) {
  std::vector<Field> fields;
  fields.push_back({{"plan", "plan"}, [](const auto& p) { return text(plan_of(p).display); }});
  std::set<std::string> variants;
  for (const ResultRow& row : s.results) variants.insert(row.variant);
  fields.push_back(
      {{"variant", "variant"}, [](const auto& p) { return text(plan_of(p).variant); }});
  fields.back().column.for_machines_only = variants.size() <= 1;
  fields.push_back(
      {{"seed", "seed", Unit::count}, [](const auto& p) { return count(plan_of(p).seed); }});
  fields.back().column.for_machines_only = !has_several_seeds(s);
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

std::string caption(const Snapshot& s, const std::string& what) {
  std::string subject = s.sweep.caption.empty() ? s.sweep.model : s.sweep.caption;
  if (subject.ends_with('.')) subject.pop_back();
  return fmt::format("{}: {}.", subject, what);
}

std::string label(const Snapshot& s, const std::string& rest) {
  const std::string& prefix = s.sweep.label_prefix.empty() ? s.sweep.name : s.sweep.label_prefix;
  return fmt::format("tab:{}-{}", prefix, rest);
}

void require_rows(const Snapshot& s, bool any, const char* what) {
  if (!any)
    throw StoreError(
        fmt::format("sweep {} has no {} yet ({} of {} trials are done); start it again to go on",
                    s.sweep.name, what, s.trials.done, s.trials.total()));
}

}  // namespace herosweep::report
