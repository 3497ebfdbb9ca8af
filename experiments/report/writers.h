// Tables as text. Each writer decides alone what numbers, marks and missing values look like.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/report/table.h"

namespace herosweep::report {

/// GitHub's Markdown; a heading from the context, best bold, second underlined.
std::string write_markdown(const std::vector<Table>& tables);
/// RFC 4180: one header, all tables' rows under it with the context as columns; full precision, no
/// marks. The tables must be of one kind.
std::string write_csv(const std::vector<Table>& tables);
/// {"tables": [{kind, caption, context, columns, rows, notes}]}, full precision.
std::string write_json(const std::vector<Table>& tables);
nlohmann::ordered_json table_json(const Table& table);
/// booktabs and siunitx; `\input`-able. Tables longer than a page become longtables, others are
/// shrunk where they are wider than the text.
std::string write_latex(const std::vector<Table>& tables);
/// Aligned columns for a terminal; FP16's row is marked with an asterisk.
std::string write_terminal(const Table& table);

/// Decimals that a column's numbers are shown with, in its shown unit; the most of its cells'.
int shown_decimals(const Table& table, size_t column);
/// Factor from the stored to the shown unit (bytes to MB).
double shown_factor(Unit unit);
/// "ms", "MB" or "".
std::string_view shown_unit(Unit unit);
/// The cell's number as people see it, without interval; its text; or "n/a".
std::string shown_value(const Table& table, size_t column, const Cell& cell);
/// "[low, high]", or "" where the column shows no intervals or the cell has none.
std::string shown_interval(const Table& table, size_t column, const Cell& cell);
/// The title with its unit: "time (ms)".
std::string shown_title(const TableColumn& column);
/// The same behind its group, where headings have one line: "128 tokens 8".
std::string grouped_title(const TableColumn& column);
/// Columns that people see: not those for machines, and none without a single value.
std::vector<size_t> shown_columns(const Table& table);
/// What the marks mean, where the table has any.
std::string marks_note(const Table& table, std::string_view best, std::string_view second);

}  // namespace herosweep::report
