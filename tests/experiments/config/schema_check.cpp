#include "tests/experiments/config/schema_check.h"

#include <algorithm>
#include <regex>
#include <set>
#include <stdexcept>

namespace herosweep::test {

namespace {

using nlohmann::json;

bool has_type(const json& value, const json& type) {
  if (type.is_array())
    return std::any_of(type.begin(), type.end(), [&](const json& t) { return has_type(value, t); });
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  throw std::logic_error("type " + type.dump() + " is not checked");
}

void refuse_unknown_keywords(const json& schema) {
  static const std::set<std::string> known{
      "$schema",    "title",   "description", "default",  "examples",   "x-order",
      "x-required", "type",    "enum",        "anyOf",    "items",      "minItems",
      "minimum",    "maximum", "pattern",     "required", "properties", "additionalProperties"};
  for (const auto& [keyword, ignored] : schema.items())
    if (!known.contains(keyword)) throw std::logic_error(keyword + " is not checked");
}

std::string misfit_of_members(const json& value, const json& schema, const std::string& path) {
  for (const json& key : schema.value("required", json::array()))
    if (!value.contains(key.get<std::string>())) return path + ": lacks " + key.dump();
  const json properties = schema.value("properties", json::object());
  const json others = schema.value("additionalProperties", json(true));
  for (const auto& [key, member] : value.items()) {
    const std::string at = path + "." + key;
    const json& rule = properties.contains(key) ? properties.at(key) : others;
    if (rule.is_boolean() && !rule.get<bool>()) return at + ": unknown key";
    if (rule.is_boolean()) continue;
    if (std::string why = misfit(member, rule, at); !why.empty()) return why;
  }
  return "";
}

std::string misfit_of_items(const json& value, const json& schema, const std::string& path) {
  if (value.size() < schema.value("minItems", size_t{0})) return path + ": too few items";
  if (!schema.contains("items")) return "";
  for (size_t i = 0; i < value.size(); ++i) {
    std::string why = misfit(value[i], schema.at("items"), path + "[" + std::to_string(i) + "]");
    if (!why.empty()) return why;
  }
  return "";
}

std::string misfit_of_scalar(const json& value, const json& schema, const std::string& path) {
  if (value.is_number()) {
    if (schema.contains("minimum") && value < schema.at("minimum")) return path + ": too small";
    if (schema.contains("maximum") && value > schema.at("maximum")) return path + ": too large";
  }
  if (value.is_string() && schema.contains("pattern") &&
      !std::regex_search(value.get<std::string>(), std::regex(schema.at("pattern"))))
    return path + ": does not match " + schema.at("pattern").dump();
  return "";
}

std::string misfit_of_choices(const json& value, const json& choices, const std::string& path) {
  std::string reasons;
  for (const json& choice : choices) {
    const std::string why = misfit(value, choice, path);
    if (why.empty()) return "";
    reasons += "\n  " + why;
  }
  return path + ": fits no choice" + reasons;
}

}  // namespace

json as_json(const config::Value& value) {
  switch (value.kind) {
    case config::Value::Kind::null:
      return nullptr;
    case config::Value::Kind::list: {
      json list = json::array();
      for (const config::Value& item : value.items) list.push_back(as_json(item));
      return list;
    }
    case config::Value::Kind::map: {
      json map = json::object();
      for (const config::Member& member : value.members) map[member.key] = as_json(member.value);
      return map;
    }
    case config::Value::Kind::scalar:
      break;
  }
  if (value.quoted) return value.text;
  const json plain = json::parse(value.text, nullptr, /*allow_exceptions=*/false);
  return plain.is_number() || plain.is_boolean() ? plain : json(value.text);
}

std::string misfit(const json& value, const json& schema, const std::string& path) {
  refuse_unknown_keywords(schema);
  if (schema.contains("type") && !has_type(value, schema.at("type")))
    return path + ": " + value.dump() + " is no " + schema.at("type").dump();
  if (schema.contains("enum")) {
    const json& words = schema.at("enum");
    if (std::find(words.begin(), words.end(), value) == words.end())
      return path + ": " + value.dump() + " is none of " + words.dump();
  }
  if (schema.contains("anyOf"))
    if (std::string why = misfit_of_choices(value, schema.at("anyOf"), path); !why.empty())
      return why;
  if (value.is_object()) return misfit_of_members(value, schema, path);
  if (value.is_array()) return misfit_of_items(value, schema, path);
  return misfit_of_scalar(value, schema, path);
}

}  // namespace herosweep::test
