// LaTeX tables for papers. Numbers stand in siunitx S columns, aligned at the decimal point; an
// interval stands in a column of its own behind its number.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

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

/// What a number column must have room for.
struct NumberShape {
  bool negative = false;
  size_t integers = 1;
  size_t decimals = 0;
};

/// Digits of a shown number before and after its point.
NumberShape shape_of(std::string_view shown) {
  const bool negative = shown.starts_with('-');
  if (negative) shown.remove_prefix(1);
  const size_t point = std::min(shown.find('.'), shown.size());
  return {negative, point, point == shown.size() ? 0 : shown.size() - point - 1};
}

NumberShape shape_of(const Table& table, size_t column) {
  NumberShape widest;
  widest.decimals = static_cast<size_t>(shown_decimals(table, column));
  for (const TableRow& row : table.rows) {
    if (!std::isfinite(row.cells[column].number().value_or(NAN))) continue;
    const NumberShape shape = shape_of(shown_value(table, column, row.cells[column]));
    widest.negative |= shape.negative;
    widest.integers = std::max(widest.integers, shape.integers);
  }
  return widest;
}

std::string number_column(const Table& table, size_t column) {
  const NumberShape shape = shape_of(table, column);
  const std::string integers = fmt::format("{}{}", shape.negative ? "-" : "", shape.integers);
  return shape.decimals > 0 ? fmt::format("S[table-format={}.{}]", integers, shape.decimals)
                            : fmt::format("S[table-format={}]", integers);
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

/// Columns of LaTeX that a column takes: its interval has one of its own.
size_t span(const TableColumn& column) { return column.has_interval ? 2 : 1; }

size_t span(const Table& table, const std::vector<size_t>& columns) {
  size_t sum = 0;
  for (const size_t c : columns) sum += span(table.columns[c]);
  return sum;
}

/// The line of group headings with rules under them, where columns have groups.
std::string group_line(const Table& table, const std::vector<size_t>& columns) {
  std::string line, rules;
  bool any = false;
  size_t first = 1;
  for (size_t i = 0; i < columns.size();) {
    const std::string& group = table.columns[columns[i]].group;
    size_t width = 0;
    size_t next = i;
    while (next < columns.size() && table.columns[columns[next]].group == group &&
           (next == i || !group.empty()))
      width += span(table.columns[columns[next++]]);
    line += i == 0 ? "" : " & ";
    if (!group.empty()) {
      any = true;
      line += fmt::format("\\multicolumn{{{}}}{{c}}{{{}}}", width, escape(group));
      rules += fmt::format("\\cmidrule(lr){{{}-{}}}", first, first + width - 1);
    } else if (width > 1) {
      line += "&";
    }
    first += width;
    i = next;
  }
  return any ? line + " \\\\\n" + rules + "\n" : "";
}

/// Braces keep siunitx from reading a heading or a missing value as a number.
std::string header_lines(const Table& table, const std::vector<size_t>& columns) {
  std::string out;
  for (const size_t c : columns) {
    const TableColumn& column = table.columns[c];
    out += out.empty() ? "" : " & ";
    const std::string title = escape(shown_title(column));
    out += column.has_interval ? fmt::format("\\multicolumn{{2}}{{c}}{{{}}}", title)
                               : fmt::format("{{{}}}", title);
  }
  return group_line(table, columns) + out + " \\\\\n";
}

/// siunitx centres what stands in braces: digits that are missing on either side are made up for.
std::string underlined(const Table& table, size_t column, const std::string& value) {
  const NumberShape room = shape_of(table, column), own = shape_of(value);
  const auto phantom = [](std::string digits) {
    return digits.empty() ? digits : fmt::format("\\phantom{{{}}}", digits);
  };
  std::string before = room.negative && !own.negative ? "-" : "";
  before.append(room.integers - std::min(room.integers, own.integers), '0');
  std::string after = own.decimals == 0 && room.decimals > 0 ? "." : "";
  after.append(room.decimals - std::min(room.decimals, own.decimals), '0');
  return fmt::format("{{{}\\underline{{{}}}{}}}", phantom(before), value, phantom(after));
}

std::string cell_text(const Table& table, size_t column, const Cell& cell) {
  std::string value = escape(shown_value(table, column, cell));
  if (table.columns[column].unit == Unit::text) return value;
  const auto number = cell.number();
  if (!number || !std::isfinite(*number)) return fmt::format("{{{}}}", value);
  if (cell.mark == Mark::best) return "\\bfseries " + value;
  return cell.mark == Mark::second ? underlined(table, column, value) : value;
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

/// What stands between a row and the one above it.
std::string separation(const Table& table, size_t row, size_t width) {
  const TableRow& above = table.rows[row - 1];
  const TableRow& below = table.rows[row];
  if (!below.source.empty() && below.source != above.source)
    return fmt::format("\\midrule\n\\multicolumn{{{}}}{{l}}{{\\emph{{{}}}}} \\\\\n", width,
                       escape(below.source));
  // The reference is set apart where it leads the table.
  if (row == 1 && above.is_reference) return "\\midrule\n";
  return below.begins_block ? "\\addlinespace\n" : "";
}

std::string body(const Table& table, const std::vector<size_t>& columns) {
  const size_t width = span(table, columns);
  std::string out;
  for (size_t r = 0; r < table.rows.size(); ++r) {
    if (r > 0) out += separation(table, r, width);
    out += row_line(table, columns, table.rows[r]);
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

/// As wide as it is, or as the text where it is wider.
constexpr const char* kFit =
    "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%";

std::string one_page(const Table& table, const std::vector<size_t>& columns) {
  return fmt::format(
      "\\begin{{table}}[tbp]\n\\centering\n\\footnotesize\n{}\\caption{{{}}}\n\\label{{{}}}\n"
      "\\smallskip\n{}\n\\begin{{tabular}}{{{}}}\n\\toprule\n{}\\midrule\n{}\\bottomrule\n\\end{{"
      "tabular}}}}\n"
      "\\par\\smallskip\n\\begin{{minipage}}{{\\linewidth}}\n{}\\end{{minipage}}\n"
      "\\end{{table}}\n",
      kTableSetup, escape(table.caption), label_text(table.label), kFit,
      column_spec(table, columns), header_lines(table, columns), body(table, columns),
      notes_text(table));
}

std::string many_pages(const Table& table, const std::vector<size_t>& columns) {
  const std::string header = header_lines(table, columns);
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
  std::string out = "% Needs \\usepackage{booktabs,graphicx,longtable,siunitx}.\n";
  for (const Table& table : tables) {
    const std::vector<size_t> columns = shown_columns(table);
    out +=
        table.rows.size() > kRowsOfOnePage ? many_pages(table, columns) : one_page(table, columns);
  }
  return out;
}

}  // namespace herosweep::report
