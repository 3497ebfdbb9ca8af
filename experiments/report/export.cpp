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

constexpr std::array<std::pair<std::string_view, TableKind>, 4> kTableKinds{
    {{"results", TableKind::results},
     {"pareto", TableKind::pareto},
     {"latency", TableKind::latency},
     {"memory", TableKind::memory}}};

constexpr std::array<std::pair<std::string_view, Format>, 7> kFormats{{{"md", Format::md},
                                                                       {"csv", Format::csv},
                                                                       {"json", Format::json},
                                                                       {"latex", Format::latex},
                                                                       {"svg", Format::svg},
                                                                       {"pdf", Format::pdf},
                                                                       {"html", Format::html}}};

/// Papers show latencies as one grid; programs want one row a plan.
std::vector<Table> latex_tables(const Snapshot& snapshot, TableKind kind) {
  return kind == TableKind::latency ? latency_grids(snapshot) : build_tables(snapshot, kind);
}

}  // namespace

TableKind parse_table_kind(std::string_view text) { return parse_word(kTableKinds, text, "table"); }

Format parse_format(std::string_view text) { return parse_word(kFormats, text, "format"); }

std::string_view name(TableKind kind) {
  for (const auto& [word, value] : kTableKinds)
    if (value == kind) return word;
  return "";
}

std::string export_table(store::Store& store, TableKind kind, Format format, const Filter& filter) {
  const Snapshot snapshot = load_snapshot(store, filter);
  switch (format) {
    case Format::svg:
      return write_svg(pareto_plot(snapshot));
    case Format::pdf:
      return write_pdf(pareto_plot(snapshot));
    case Format::html:
      return report_page(snapshot);
    case Format::md:
      return write_markdown(build_tables(snapshot, kind));
    case Format::csv:
      return write_csv(build_tables(snapshot, kind));
    case Format::json:
      return write_json(build_tables(snapshot, kind));
    default:
      return write_latex(latex_tables(snapshot, kind));
  }
}

void write_report(store::Store& store, const std::filesystem::path& file, const Filter& filter) {
  // An open browser never reads half a page.
  util::write_file_atomically(file, report_page(load_snapshot(store, filter)));
}

}  // namespace herosweep::report
