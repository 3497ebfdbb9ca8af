// The `export` and `report` commands: words to tables, tables to text, page to file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "core/util/atomic_file.h"
#include "core/util/error.h"
#include "experiments/report/page.h"
#include "experiments/report/pareto_plot.h"
#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

template <typename Value, size_t N>
Value parse_word(const std::array<std::pair<std::string_view, Value>, N>& words,
                 std::string_view text, const char* what) {
  std::vector<std::string_view> legal;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    legal.push_back(word);
  }
  throw ConfigError(
      fmt::format("there is no {} '{}'; choose one of {}", what, text, fmt::join(legal, ", ")));
}

constexpr std::array<std::pair<std::string_view, TableKind>, 6> kTableKinds{
    {{"results", TableKind::results},
     {"glue", TableKind::glue},
     {"pareto", TableKind::pareto},
     {"latency", TableKind::latency},
     {"memory", TableKind::memory},
     {"sensitivity", TableKind::sensitivity}}};

constexpr std::array<std::pair<std::string_view, Format>, 7> kFormats{{{"md", Format::md},
                                                                       {"csv", Format::csv},
                                                                       {"json", Format::json},
                                                                       {"latex", Format::latex},
                                                                       {"svg", Format::svg},
                                                                       {"pdf", Format::pdf},
                                                                       {"html", Format::html}}};

std::vector<Table> tables_for(store::Store& store, TableKind kind, Format format,
                              const Filter& filter, const std::string& reference) {
  if (kind == TableKind::glue) return {glue_table(store, filter, reference)};
  const Snapshot snapshot = load_snapshot(store, filter);
  if (kind == TableKind::sensitivity) return sensitivity_tables(store, snapshot, filter);
  // Papers show latencies as one grid; programs want one row a plan.
  if (kind == TableKind::latency && format == Format::latex) return latency_grids(snapshot);
  return build_tables(snapshot, kind);
}

std::string write_tables(const std::vector<Table>& tables, Format format) {
  if (format == Format::md) return write_markdown(tables);
  if (format == Format::csv) return write_csv(tables);
  return format == Format::json ? write_json(tables) : write_latex(tables);
}

}  // namespace

TableKind parse_table_kind(std::string_view text) { return parse_word(kTableKinds, text, "table"); }

Format parse_format(std::string_view text) { return parse_word(kFormats, text, "format"); }

std::string_view name(TableKind kind) {
  for (const auto& [word, value] : kTableKinds)
    if (value == kind) return word;
  return "";
}

std::string export_table(store::Store& store, TableKind kind, Format format, const Filter& filter,
                         const std::string& reference) {
  if (!reference.empty() && kind != TableKind::glue)
    throw ConfigError(fmt::format("a paper's rows stand in the table glue, not in {}", name(kind)));
  switch (format) {
    case Format::svg:
      return write_svg(pareto_plot(load_snapshot(store, filter)));
    case Format::pdf:
      return write_pdf(pareto_plot(load_snapshot(store, filter)));
    case Format::html:
      return report_page(store, filter);
    default:
      return write_tables(tables_for(store, kind, format, filter, reference), format);
  }
}

void write_report(store::Store& store, const std::filesystem::path& file, const Filter& filter) {
  // An open browser never reads half a page.
  util::write_file_atomically(file, report_page(store, filter));
}

}  // namespace herosweep::report
