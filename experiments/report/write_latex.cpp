// LaTeX tables for papers. Numbers stand in siunitx S columns, aligned at the decimal point; an
// interval stands in a column of its own behind its number.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

/// What fits on a page at \footnotesize with caption and notes.
constexpr size_t kRowsOfOnePage = 40;

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}':
        out += '\\';
        out += c;
        break;
      case '~':
        out += "\\textasciitilde{}";
        break;
      case '^':
        out += "\\textasciicircum{}";
        break;
      case '\\':
        out += "\\textbackslash{}";
        break;
      case '<':
        out += "\\textless{}";
        break;
      case '>':
        out += "\\textgreater{}";
        break;
      case '\n':
        out += ' ';
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// Letters, digits and what \label takes without surprise.
std::string label_text(const std::string& text) {
  std::string out = text;
  for (char& c : out)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != ':' && c != '-' && c != '.') c = '-';
  return out;
}

int integer_digits(const Table& table, size_t column) {
  double largest = 1;
  for (const TableRow& row : table.rows)
    if (const auto number = row.cells[column].number())
      largest = std::max(largest, std::abs(*number) * shown_factor(table.columns[column].unit));
  return 1 + static_cast<int>(std::floor(std::log10(largest)));
}

std::string number_column(const Table& table, size_t column) {
  const int decimals = shown_decimals(table, column);
  const int digits = integer_digits(table, column);
  return decimals > 0 ? fmt::format("S[table-format={}.{}]", digits, decimals)
                      : fmt::format("S[table-format={}]", digits);
}

std::string column_spec(const Table& table, const std::vector<size_t>& columns) {
  std::string spec;
  for (const size_t c : columns) {
    const TableColumn& column = table.columns[c];
    spec += column.unit == Unit::text ? "l" : number_column(table, c);
    if (column.has_interval) spec += "@{\\,\\,}l";
  }
  return spec;
}

/// Braces keep siunitx from reading a heading or a missing value as a number.
std::string header_line(const Table& table, const std::vector<size_t>& columns) {
  std::string out;
  for (const size_t c : columns) {
    const TableColumn& column = table.columns[c];
    out += out.empty() ? "" : " & ";
    const std::string title = escape(shown_title(column));
    out += column.has_interval ? fmt::format("\\multicolumn{{2}}{{c}}{{{}}}", title)
                               : fmt::format("{{{}}}", title);
  }
  return out + " \\\\\n";
}

std::string cell_text(const Table& table, size_t column, const Cell& cell) {
  std::string value = escape(shown_value(table, column, cell));
  if (table.columns[column].unit == Unit::text) return value;
  const auto number = cell.number();
  if (!number || !std::isfinite(*number)) return fmt::format("{{{}}}", value);
  if (cell.mark == Mark::best) return "\\bfseries " + value;
  if (cell.mark == Mark::second) {
    // siunitx centres what stands in braces: digits that are missing in front are made up for.
    const int decimals = shown_decimals(table, column);
    const size_t width = integer_digits(table, column) + (decimals > 0 ? decimals + 1 : 0);
    const size_t missing = width - std::min(width, value.size());
    return fmt::format("{{{}\\underline{{{}}}}}",
                       missing ? fmt::format("\\phantom{{{}}}", std::string(missing, '0')) : "",
                       value);
  }
  return value;
}

std::string row_line(const Table& table, const std::vector<size_t>& columns, const TableRow& row) {
  std::string out;
  for (const size_t c : columns) {
    out += out.empty() ? "" : " & ";
    out += cell_text(table, c, row.cells[c]);
    if (table.columns[c].has_interval)
      out += fmt::format(" & {{{}}}", shown_interval(table, c, row.cells[c]));
  }
  return out + " \\\\\n";
}

std::string body(const Table& table, const std::vector<size_t>& columns) {
  std::string out;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    out += row_line(table, columns, table.rows[r]);
    // The reference is set apart where it leads the table.
    if (r == 0 && table.rows[r].is_reference && table.rows.size() > 1) out += "\\midrule\n";
  }
  return out;
}

std::string notes_text(const Table& table) {
  std::string out;
  if (const std::string marks = marks_note(table, "Bold", "underlined"); !marks.empty())
    out += escape(marks) + "\n";
  for (const std::string& note : table.notes) out += escape(note) + "\n";
  return out;
}

constexpr const char* kTableSetup =
    "\\sisetup{detect-weight=true,mode=text}%\n\\setlength{\\tabcolsep}{4pt}%\n";

std::string one_page(const Table& table, const std::vector<size_t>& columns) {
  return fmt::format(
      "\\begin{{table}}[tbp]\n\\centering\n\\footnotesize\n{}\\caption{{{}}}\n\\label{{{}}}\n"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n{}\\bottomrule\n\\end{{tabular}}\n"
      "\\par\\smallskip\n\\begin{{minipage}}{{\\linewidth}}\n{}\\end{{minipage}}\n"
      "\\end{{table}}\n",
      kTableSetup, escape(table.caption), label_text(table.label), column_spec(table, columns),
      header_line(table, columns), body(table, columns), notes_text(table));
}

std::string many_pages(const Table& table, const std::vector<size_t>& columns) {
  const std::string header = header_line(table, columns);
  return fmt::format(
      "\\begingroup\n\\footnotesize\n{}\\begin{{longtable}}{{{}}}\n"
      "\\caption{{{}}}\\label{{{}}}\\\\\n\\toprule\n{}\\midrule\n\\endfirsthead\n"
      "\\toprule\n{}\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n{}\\end{{longtable}}\n"
      "{{\\noindent\n{}\\par}}\n\\endgroup\n",
      kTableSetup, column_spec(table, columns), escape(table.caption), label_text(table.label),
      header, header, body(table, columns), notes_text(table));
}

}  // namespace

std::string write_latex(const std::vector<Table>& tables) {
  std::string out = "% Needs \\usepackage{booktabs,longtable,siunitx}.\n";
  for (const Table& table : tables) {
    const std::vector<size_t> columns = shown_columns(table);
    out +=
        table.rows.size() > kRowsOfOnePage ? many_pages(table, columns) : one_page(table, columns);
  }
  return out;
}

}  // namespace herosweep::report
