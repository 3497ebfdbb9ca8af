#include <fmt/format.h>

#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_' || c == '`' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string cell_text(const Table& table, size_t column, const Cell& cell) {
  std::string value = escape(shown_value(table, column, cell));
  if (cell.mark == Mark::best) value = "**" + value + "**";
  if (cell.mark == Mark::second) value = "<ins>" + value + "</ins>";
  const std::string interval = shown_interval(table, column, cell);
  return interval.empty() ? value : value + " " + interval;
}

void write_rows(const Table& table, std::string& out) {
  const std::vector<size_t> columns = shown_columns(table);
  std::string rule = "|";
  out += "|";
  for (const size_t c : columns) {
    out += " " + escape(grouped_title(table.columns[c])) + " |";
    rule += table.columns[c].unit == Unit::text ? " --- |" : " ---: |";
  }
  out += "\n" + rule + "\n";
  for (const TableRow& row : table.rows) {
    out += "|";
    for (const size_t c : columns) out += " " + cell_text(table, c, row.cells[c]) + " |";
    out += "\n";
  }
}

}  // namespace

std::string write_markdown(const std::vector<Table>& tables) {
  std::string out;
  for (const Table& table : tables) {
    out += fmt::format("### {}\n\n", escape(table.caption));
    write_rows(table, out);
    out += "\n";
    if (const std::string marks = marks_note(table, "**Bold**", "<ins>underlined</ins>");
        !marks.empty())
      out += marks + "\n\n";
    for (const std::string& note : table.notes) out += escape(note) + "\n\n";
  }
  return out;
}

}  // namespace herosweep::report
