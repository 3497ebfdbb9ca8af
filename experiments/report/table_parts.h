// What the builders of tables share: cells, columns, and how a table of plans is filled.
#pragma once

#include <functional>

#include "experiments/report/table.h"

namespace herosweep::report {

Cell text(std::string value);
Cell count(int64_t value);
Cell real(double value);
Cell real(double value, double low, double high);
Cell maybe(const std::optional<double>& value);
Cell maybe(const std::optional<int64_t>& value);

/// A column and how to fill it; a point has one row at least, `latency` and others may be null.
struct Field {
  TableColumn column;
  std::function<Cell(const ParetoPoint&)> cell;
};

const PlanColumns& plan_of(const ParetoPoint& point);

/// One that only CSV and JSON carry.
TableColumn machine_column(const char* key);
/// Plan, and the columns that tell it from its namesakes where this sweep has any.
std::vector<Field> plan_fields(const Snapshot& snapshot);
/// Names and hashes, for machines.
std::vector<Field> identity_fields();
Field execution_field();
Field metric_field(const std::string& metric);
Field flips_field();
Field drift_field();
Field cosine_field();
Field weight_field();
Field latency_field();
Field ratio_field();
void append(std::vector<Field>& fields, std::vector<Field> more);

/// One row a point, with context and notes of the sweep.
Table fill(const Snapshot& snapshot, TableKind kind, const std::vector<Field>& fields,
           const std::vector<ParetoPoint>& points);
void add_group(Table& table, const GroupKey& group);

/// "caption of the sweep: what this table shows."
std::string caption(const Snapshot& snapshot, const std::string& what);
/// "tab:prefix-rest", the prefix being that of the config.
std::string label(const Snapshot& snapshot, const std::string& rest);

/// Throws StoreError saying how far the sweep is, unless `any`.
void require_rows(const Snapshot& snapshot, bool any, const char* what);

/// The builders of each kind; an empty list where nothing was measured.
std::vector<Table> latency_tables(const Snapshot& snapshot);
std::vector<Table> pareto_tables(const Snapshot& snapshot);

}  // namespace herosweep::report
