#include <fmt/format.h>

#include <algorithm>

#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

using Grid = std::vector<std::vector<std::string>>;

/// Characters, not bytes: continuation bytes of UTF-8 take no room of their own.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

Grid grid_of(const Table& table, const std::vector<size_t>& columns) {
  Grid grid(1);
  for (const size_t c : columns) grid[0].push_back(grouped_title(table.columns[c]));
  for (const TableRow& row : table.rows) {
    std::vector<std::string> line;
    for (const size_t c : columns) {
      std::string text = shown_value(table, c, row.cells[c]);
      if (const std::string interval = shown_interval(table, c, row.cells[c]); !interval.empty())
        text += " " + interval;
      line.push_back(std::move(text));
    }
    if (row.is_reference) line[0] += " *";
    grid.push_back(std::move(line));
  }
  return grid;
}

}  // namespace

std::string write_terminal(const Table& table) {
  const std::vector<size_t> columns = shown_columns(table);
  const Grid grid = grid_of(table, columns);
  std::vector<size_t> widths(columns.size());
  for (const auto& line : grid)
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], width(line[c]));

  std::string out;
  for (size_t l = 0; l < grid.size(); ++l) {
    std::string line;
    for (size_t c = 0; c < columns.size(); ++c) {
      const std::string padding(widths[c] - width(grid[l][c]), ' ');
      const bool left = table.columns[columns[c]].unit == Unit::text;
      line += left ? grid[l][c] + padding : padding + grid[l][c];
      line += "  ";
    }
    out += trimmed(line);
    if (l > 0) continue;
    size_t total = 2 * (columns.size() - 1);
    for (const size_t w : widths) total += w;
    out += std::string(total, '-') + "\n";
  }
  return out;
}

}  // namespace herosweep::report
