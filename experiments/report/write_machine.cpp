// CSV and JSON: every column, stored units, full precision, no marks.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

using nlohmann::ordered_json;

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

struct CsvCell {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(const std::string& text) const { return quoted(text); }
  std::string operator()(int64_t number) const { return fmt::format("{}", number); }
  std::string operator()(double number) const { return fmt::format("{}", number); }
};

struct JsonCell {
  ordered_json operator()(std::monostate) const { return nullptr; }
  template <typename T>
  ordered_json operator()(const T& value) const {
    return value;
  }
};

std::string csv_header(const Table& table) {
  std::string out;
  for (const auto& [key, value] : table.context) out += key + ",";
  for (const TableColumn& column : table.columns) {
    out += column.key + ",";
    if (column.has_interval) out += fmt::format("{0}_low,{0}_high,", column.key);
  }
  out.back() = '\n';
  return out;
}

std::string csv_row(const Table& table, const TableRow& row) {
  std::string out;
  for (const auto& [key, value] : table.context) out += std::visit(CsvCell{}, value.value) + ",";
  for (size_t c = 0; c < row.cells.size(); ++c) {
    const Cell& cell = row.cells[c];
    out += std::visit(CsvCell{}, cell.value) + ",";
    if (!table.columns[c].has_interval) continue;
    out += cell.interval ? fmt::format("{},{},", cell.interval->low, cell.interval->high) : ",,";
  }
  out.back() = '\n';
  return out;
}

const char* stored_unit(Unit unit) {
  if (unit == Unit::milliseconds) return "ms";
  return unit == Unit::bytes ? "bytes" : "";
}

ordered_json json_row(const Table& table, const TableRow& row) {
  ordered_json json;
  for (size_t c = 0; c < row.cells.size(); ++c) {
    const std::string& key = table.columns[c].key;
    json[key] = std::visit(JsonCell{}, row.cells[c].value);
    if (!row.cells[c].interval) continue;
    json[key + "_low"] = row.cells[c].interval->low;
    json[key + "_high"] = row.cells[c].interval->high;
  }
  return json;
}

}  // namespace

ordered_json table_json(const Table& table) {
  ordered_json json{{"kind", name(table.kind)}, {"caption", table.caption}};
  for (const auto& [key, value] : table.context)
    json["context"][key] = std::visit(JsonCell{}, value.value);
  for (const TableColumn& column : table.columns)
    json["columns"].push_back(
        {{"key", column.key}, {"title", column.title}, {"unit", stored_unit(column.unit)}});
  json["rows"] = ordered_json::array();
  for (const TableRow& row : table.rows) json["rows"].push_back(json_row(table, row));
  json["notes"] = table.notes;
  return json;
}

std::string write_csv(const std::vector<Table>& tables) {
  std::string out = tables.empty() ? "" : csv_header(tables[0]);
  for (const Table& table : tables)
    for (const TableRow& row : table.rows) out += csv_row(table, row);
  return out;
}

std::string write_json(const std::vector<Table>& tables) {
  ordered_json json{{"tables", ordered_json::array()}};
  for (const Table& table : tables) json["tables"].push_back(table_json(table));
  return json.dump(1) + "\n";
}

}  // namespace herosweep::report
