#include "experiments/config/value.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace herosweep::config {
namespace {

void emit(YAML::Emitter& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::null:
      out << YAML::Null;
      return;
    case Value::Kind::scalar:
      if (value.quoted) out << YAML::DoubleQuoted;
      out << value.text;
      return;
    case Value::Kind::list:
      out << YAML::Flow << YAML::BeginSeq;
      for (const Value& item : value.items) emit(out, item);
      out << YAML::EndSeq;
      return;
    case Value::Kind::map:
      out << YAML::BeginMap;
      for (const Member& member : value.members) {
        out << YAML::Key << member.key << YAML::Value;
        emit(out, member.value);
      }
      out << YAML::EndMap;
      return;
  }
}

}  // namespace

std::string Place::text() const {
  if (!source) return "configuration";
  if (!source->has_lines) return source->name;
  return fmt::format("{}:{}:{}", source->name, line, column);
}

const Member* Value::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member;
  }
  return nullptr;
}

Member* Value::find(std::string_view key) {
  return const_cast<Member*>(static_cast<const Value*>(this)->find(key));
}

std::string describe(const Value& value) {
  constexpr size_t kShown = 40;
  switch (value.kind) {
    case Value::Kind::null:
      return "nothing";
    case Value::Kind::list:
      return "a list";
    case Value::Kind::map:
      return "a map";
    case Value::Kind::scalar:
      break;
  }
  const std::string shown =
      value.text.size() > kShown ? value.text.substr(0, kShown) + "..." : value.text;
  return value.quoted ? fmt::format("quoted text \"{}\"", shown) : fmt::format("'{}'", shown);
}

Value merged(Value base, const Value& top) {
  if (base.kind != Value::Kind::map || top.kind != Value::Kind::map) return top;
  for (const Member& member : top.members) {
    Member* below = base.find(member.key);
    if (below == nullptr) {
      base.members.push_back(member);
    } else {
      below->place = member.place;
      below->value = merged(std::move(below->value), member.value);
    }
  }
  base.place = top.place;
  return base;
}

std::string to_yaml(const Value& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + "\n";
}

}  // namespace herosweep::config
