#include "experiments/config/reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "experiments/config/config.h"

namespace herosweep::config {
namespace {

using nlohmann::json;

constexpr char kIntroduction[] = R"(# Configuration reference

Every key of a sweep file and of a task file. This page is written from the descriptors that the reader works with, and a test keeps
the two together; `herosweep schema` prints the same as JSON Schema. Editors with a YAML language server check a file that begins with

```yaml
# yaml-language-server: $schema=sweep.schema.json      (herosweep schema > sweep.schema.json)
```

Reading is strict: unknown and duplicate keys, wrong types and values out of range are all reported at once with file, line and column,
before anything runs. Any map may say `include: FILE` (or a list of files), and the top of a file `defaults:` likewise: its own keys go
over the included ones. `${env:NAME}` and `${env:NAME:-fallback}` stand for environment variables, relative paths start at the file they
stand in, and `--set a.b=value` on the command line goes over everything.
)";

std::string code(const json& value) {
  return "`" + (value.is_string() ? value.get<std::string>() : value.dump()) + "`";
}

std::string codes(const json& values, const char* separator) {
  std::string text;
  for (const json& value : values) text += (text.empty() ? "" : separator) + code(value);
  return text;
}

bool is_section(const json& schema) { return schema.is_object() && schema.contains("properties"); }

std::string range(const json& schema) {
  const char* noun = schema.at("type") == "integer" ? "whole number" : "number";
  const bool bounded =
      schema.contains("maximum") && schema.at("maximum") < std::numeric_limits<int>::max();
  if (bounded)
    return fmt::format("{}, {} to {}", noun, schema.at("minimum").dump(),
                       schema.at("maximum").dump());
  return fmt::format("{}, {} or more", noun, schema.at("minimum").dump());
}

std::string type_text(const json& schema);

/// "T or a list" for a value that may stand for a list of one.
std::string choice_text(const json& choices) {
  std::string text;
  for (const json& choice : choices) {
    const bool list_of_first =
        !text.empty() && choice.value("type", "") == "array" && choice.at("items") == choices[0];
    text += (text.empty() ? "" : "; or ") + (list_of_first ? "a list" : type_text(choice));
  }
  return text;
}

std::string type_text(const json& schema) {
  if (schema.contains("enum")) return codes(schema.at("enum"), ", ");
  if (schema.contains("anyOf")) return choice_text(schema.at("anyOf"));
  if (schema.at("type").is_array()) return "text";  // of any kind, numbers too
  const std::string type = schema.at("type");
  if (type == "integer" || type == "number") return range(schema);
  if (type == "boolean") return "`true` or `false`";
  if (type == "array") return "list of: " + type_text(schema.at("items"));
  if (is_section(schema)) return "map";
  if (type == "object")
    return "map of any names to: " + type_text(schema.at("additionalProperties"));
  if (schema.contains("examples")) return "text such as " + codes(schema.at("examples"), ", ");
  return "text";
}

/// The map that `schema` is, or holds as an element of a list or as the values of open keys.
const json* section_within(const json& schema) {
  if (is_section(schema)) return &schema;
  for (const char* key : {"items", "additionalProperties"})
    if (schema.contains(key) && schema.at(key).is_object()) return section_within(schema.at(key));
  if (!schema.contains("anyOf")) return nullptr;
  for (const json& choice : schema.at("anyOf"))
    if (const json* found = section_within(choice)) return found;
  return nullptr;
}

/// Keys in the order of the descriptors; `include` is explained once, above.
std::vector<std::string> keys_of(const json& section) {
  std::vector<std::string> keys;
  if (section.contains("x-order")) keys = section.at("x-order").get<std::vector<std::string>>();
  for (const auto& [key, schema] : section.at("properties").items())
    if (key != "include" && key != "defaults" &&
        std::find(keys.begin(), keys.end(), key) == keys.end())
      keys.push_back(key);
  return keys;
}

std::string row(const json& section, const std::string& key) {
  const json& schema = section.at("properties").at(key);
  const json required =
      section.value(section.contains("required") ? "required" : "x-required", json::array());
  const bool must = std::find(required.begin(), required.end(), key) != required.end();
  const std::string otherwise = must                         ? "required"
                                : schema.contains("default") ? code(schema.at("default"))
                                                             : "";
  return fmt::format("| `{}` | {} | {} | {} |\n", key, type_text(schema), otherwise,
                     schema.value("description", ""));
}

void write_section(const json& section, const std::string& path, const std::string& title,
                   std::string& page) {
  page += fmt::format("\n{}\n\n| key | value | default | meaning |\n|---|---|---|---|\n", title);
  const std::vector<std::string> keys = keys_of(section);
  for (const std::string& key : keys) page += row(section, key);
  for (const std::string& key : keys) {
    const json& schema = section.at("properties").at(key);
    const json* inner = section_within(schema);
    const std::string inner_path = path.empty() ? key : fmt::format("{}.{}", path, key);
    if (inner == nullptr) continue;
    // The keys of a task stand under the task file.
    if (inner->at("properties").contains("text_columns")) continue;
    const bool listed = schema.contains("items") || schema.contains("anyOf");
    write_section(*inner, inner_path,
                  fmt::format("### `{}`{}", inner_path, listed ? ": a map of the list" : ""), page);
  }
}

}  // namespace

std::string reference_page() {
  std::string page = kIntroduction;
  write_section(schema(), "", "## Sweep file", page);
  write_section(task_schema(), "", "## Task file", page);
  return page;
}

}  // namespace herosweep::config
