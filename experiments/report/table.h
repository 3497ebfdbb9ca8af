// A table as values with hints. What a number looks like is decided by the writers alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "experiments/report/pareto.h"
#include "experiments/report/report.h"

namespace herosweep::report {

/// What a column's numbers are; decides decimals, factor and unit in each writer.
enum class Unit {
  text,
  count,
  score,         // a task metric or a cosine, near 1
  percent,       // a task metric times 100, as papers print it
  drift,         // of the decision variable, near 0
  milliseconds,  // decimals by the column's size
  ratio,         // a speed-up
  bytes,         // shown as MB (10^6)
  change,        // in percent
  mixed,         // each cell says its own
};

struct ConfidenceInterval {
  double low = 0;
  double high = 0;
};

/// Best and second best of a column, within noise: a cell whose interval overlaps the best one's is
/// as good.
enum class Mark { none, best, second };

struct Cell {
  std::variant<std::monostate, std::string, int64_t, double> value;  // monostate: not available
  std::optional<ConfidenceInterval> interval = std::nullopt;
  Mark mark = Mark::none;
  std::optional<Unit> unit = std::nullopt;  // where it is not the column's

  bool empty() const { return value.index() == 0; }
  /// The number, whether integer or real; nothing for text and for missing values.
  std::optional<double> number() const;
};

struct TableColumn {
  std::string key;    // in CSV and JSON
  std::string title;  // for people
  Unit unit = Unit::text;
  std::optional<Better> better = std::nullopt;  // marks are set where it is known
  bool marks_reference = true;                  // false: the reference row (FP16) cannot be best
  bool has_interval = false;                    // CSV and JSON carry KEY_low and KEY_high
  bool for_machines_only = false;               // hashes and names that only CSV and JSON carry
  std::string group = {};  // neighbours of one group stand under a common heading: "128 tokens"
};

struct TableRow {
  std::vector<Cell> cells;
  bool is_reference = false;  // the FP16 plan
  bool begins_block = false;  // set apart from the row above
  std::string source = {};    // whose numbers, where they are quoted: no part in the ranking
};

struct Table {
  TableKind kind = TableKind::results;
  std::string caption;
  std::string label;  // of LaTeX's \ref
  /// What all rows share (task, batch, ...): a heading for people, columns for machines.
  std::vector<std::pair<std::string, Cell>> context;
  std::vector<TableColumn> columns;
  std::vector<TableRow> rows;
  std::vector<std::string> notes;
};

/// Sets the marks of every column with a direction.
void set_marks(Table& table);
/// Marks the best and second best of these cells, which all hold numbers; none of fewer than three.
void mark_cells(std::vector<Cell*> cells, Better better);

/// The tables of `kind`: one for each task, group or both. Throws StoreError when nothing was
/// measured yet.
std::vector<Table> build_tables(const Snapshot& snapshot, TableKind kind);

/// Times and speed-ups of every plan over batch sizes and sequence lengths, one table a number of
/// threads: the layout of ZeroQuant's table 6. Throws StoreError when nothing was measured yet.
std::vector<Table> latency_grids(const Snapshot& snapshot);

/// GLUE's columns as papers print them, from the newest sweep of each task that the filter accepts
/// (a checkpoint a task is a sweep a task); rows of a paper under ours unless `reference` is empty
/// (see load_reference). Throws StoreError when no sweep has a GLUE task with results.
Table glue_table(store::Store& store, const Filter& filter, const std::string& reference);

/// Effects of every module, one table a quantity, as the `sensitivity` command finds them. Throws
/// StoreError when no two plans differ by one module alone.
std::vector<Table> sensitivity_tables(store::Store& store, const Snapshot& snapshot,
                                      const Filter& filter);

/// Fronts of one task (and group, where a metric needs one), fastest plan first. Two fronts are
/// drawn: over `options.metrics` and, unless they hold a fidelity metric already, with drift in
/// place of the task metric.
Table pareto_table(const Snapshot& snapshot, const std::string& task, const GroupKey* group,
                   const ParetoOptions& options);

/// "batch 8, 128 tokens, 1 thread".
std::string describe(const GroupKey& group);

}  // namespace herosweep::report
