// What numbers look like to people: decimals, units, titles. Shared by the writers for people.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

constexpr double kBytesPerMegabyte = 1e6;

Unit unit_of(const Table& table, size_t column, const Cell& cell) {
  return cell.unit.value_or(table.columns[column].unit);
}

/// Four significant digits of the largest time, so that a column has one number of decimals.
int millisecond_decimals(const Table& table, size_t column) {
  double largest = 0;
  for (const TableRow& row : table.rows)
    if (unit_of(table, column, row.cells[column]) == Unit::milliseconds)
      largest = std::max(largest, row.cells[column].number().value_or(0));
  if (largest < 10) return 3;
  if (largest < 100) return 2;
  return largest < 1000 ? 1 : 0;
}

int decimals_of(const Table& table, size_t column, Unit unit) {
  switch (unit) {
    case Unit::score:
    case Unit::drift:
      return 4;
    case Unit::milliseconds:
      return millisecond_decimals(table, column);
    case Unit::ratio:
    case Unit::percent:
    case Unit::change:
      return 2;
    case Unit::bytes:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

int shown_decimals(const Table& table, size_t column) {
  const Unit unit = table.columns[column].unit;
  if (unit != Unit::mixed) return decimals_of(table, column, unit);
  int most = 0;
  for (const TableRow& row : table.rows)
    most = std::max(most, decimals_of(table, column, unit_of(table, column, row.cells[column])));
  return most;
}

double shown_factor(Unit unit) {
  if (unit == Unit::percent) return 100;
  return unit == Unit::bytes ? 1 / kBytesPerMegabyte : 1;
}

std::string_view shown_unit(Unit unit) {
  if (unit == Unit::milliseconds) return "ms";
  return unit == Unit::bytes ? "MB" : "";
}

std::string shown_value(const Table& table, size_t column, const Cell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell.value)) return *text;
  const auto number = cell.number();
  if (!number || !std::isfinite(*number)) return "n/a";
  const Unit unit = unit_of(table, column, cell);
  return fmt::format("{:.{}f}", *number * shown_factor(unit), decimals_of(table, column, unit));
}

std::string shown_interval(const Table& table, size_t column, const Cell& cell) {
  if (!cell.interval || !table.columns[column].has_interval) return "";
  const Unit unit = unit_of(table, column, cell);
  const double factor = shown_factor(unit);
  const int decimals = decimals_of(table, column, unit);
  return fmt::format("[{:.{}f}, {:.{}f}]", cell.interval->low * factor, decimals,
                     cell.interval->high * factor, decimals);
}

std::string grouped_title(const TableColumn& column) {
  return column.group.empty() ? shown_title(column) : column.group + " " + shown_title(column);
}

std::string shown_title(const TableColumn& column) {
  const std::string_view unit = shown_unit(column.unit);
  return unit.empty() ? column.title : fmt::format("{} ({})", column.title, unit);
}

std::vector<size_t> shown_columns(const Table& table) {
  std::vector<size_t> columns;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    const bool any = std::any_of(table.rows.begin(), table.rows.end(),
                                 [&](const TableRow& row) { return !row.cells[c].empty(); });
    if (any && !table.columns[c].for_machines_only) columns.push_back(c);
  }
  return columns;
}

std::string marks_note(const Table& table, std::string_view best, std::string_view second) {
  const bool without_reference =
      std::any_of(table.columns.begin(), table.columns.end(),
                  [](const TableColumn& column) { return !column.marks_reference; });
  for (const TableRow& row : table.rows)
    for (const Cell& cell : row.cells)
      if (cell.mark != Mark::none)
        return fmt::format(
            "{}: the best and all whose 95 % interval overlaps its; {}: the next best likewise.{}",
            best, second, without_reference ? " Distances to FP16 are ranked without FP16." : "");
  return "";
}

}  // namespace herosweep::report
