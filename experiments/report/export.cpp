// The `export` and `report` commands: words to tables, tables to text, page to file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <fstream>

#include "core/util/error.h"
#include "experiments/report/page.h"
#include "experiments/report/plot_svg.h"
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

constexpr std::array<std::pair<std::string_view, Format>, 6> kFormats{{{"md", Format::md},
                                                                       {"csv", Format::csv},
                                                                       {"json", Format::json},
                                                                       {"latex", Format::latex},
                                                                       {"svg", Format::svg},
                                                                       {"html", Format::html}}};

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
      return pareto_svg(snapshot);
    case Format::html:
      return report_page(snapshot);
    case Format::md:
      return write_markdown(build_tables(snapshot, kind));
    case Format::csv:
      return write_csv(build_tables(snapshot, kind));
    case Format::json:
      return write_json(build_tables(snapshot, kind));
    default:
      return write_latex(build_tables(snapshot, kind));
  }
}

void write_report(store::Store& store, const std::filesystem::path& file, const Filter& filter) {
  const std::string page = report_page(load_snapshot(store, filter));
  // Written beside and renamed, so that an open browser never reads half a page.
  const std::filesystem::path partial = file.string() + ".partial";
  std::ofstream out(partial, std::ios::binary);
  out << page;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(partial, file, error);
  if (!out || error) {
    std::filesystem::remove(partial, error);
    throw StoreError(fmt::format(
        "{}: the report cannot be written; name a file in a folder that exists and can be written",
        file.string()));
  }
}

}  // namespace herosweep::report
