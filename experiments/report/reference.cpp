#include "experiments/report/reference.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/util/error.h"
#include "experiments/report/glue_columns.h"

namespace herosweep::report {

// Generated from references/zeroquant.json.
extern const std::string_view text_zeroquant_json;

namespace {

using nlohmann::json;

ReferenceRow read_row(const json& row, const std::vector<std::string>& columns) {
  ReferenceRow out{row.at("method"), {}, row.at("average")};
  const std::vector<double> values = row.at("values");
  if (values.size() != columns.size())
    throw ConfigError(fmt::format("row '{}' has {} values for {} columns", out.method,
                                  values.size(), columns.size()));
  for (size_t i = 0; i < values.size(); ++i) out.values[columns[i]] = values[i];
  return out;
}

Reference read_reference(const json& file) {
  Reference reference{file.at("title"), file.at("source"), {}};
  const std::vector<std::string> columns = file.at("columns");
  for (const std::string& column : columns)
    if (!is_glue_column(column))
      throw ConfigError(fmt::format("there is no GLUE column '{}'; the columns are {}", column,
                                    glue_column_names()));
  for (const json& row : file.at("rows")) reference.rows.push_back(read_row(row, columns));
  return reference;
}

Reference read_file(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw ConfigError(fmt::format("{}: cannot be read; is the path right?", file));
  try {
    return read_reference(json::parse(in));
  } catch (const json::exception& error) {
    throw ConfigError(
        fmt::format("{}: is no file of reference rows ({}); docs/reference-rows.md "
                    "shows what one holds",
                    file, error.what()));
  } catch (const ConfigError& error) {
    throw ConfigError(fmt::format("{}: {}", file, error.what()));
  }
}

}  // namespace

Reference load_reference(const std::string& name_or_file) {
  if (name_or_file == "zeroquant") return read_reference(json::parse(text_zeroquant_json));
  if (name_or_file.ends_with(".json")) return read_file(name_or_file);
  throw ConfigError(
      fmt::format("there are no reference rows '{}': zeroquant is built in; rows of another paper "
                  "come from a file, --reference FILE.json (docs/reference-rows.md)",
                  name_or_file));
}

}  // namespace herosweep::report
