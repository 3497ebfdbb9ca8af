// Field descriptors: one row a key drives reading, checking, the JSON Schema and the reference
// page. A codec knows one type of value: `read` takes it from YAML (false and a problem when it
// does not fit), `show` gives a default as JSON, `schema` describes it to editors.
#pragma once

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "experiments/config/problems.h"
#include "experiments/config/value.h"

namespace herosweep::config {

/// A value, the path of keys that leads to it, and where to complain.
struct Cursor {
  const Value& value;
  std::string path;
  Problems& problems;

  Cursor member(const Member& m) const { return {m.value, join_path(path, m.key), problems}; }
  Cursor item(size_t index) const;
  /// "file.yaml:12:5: sweep.plans[2]", for errors that are found later.
  std::string where() const;
  /// Always false, so that codecs can return it.
  bool problem(std::string_view message) const;
  /// "expected WHAT, got ...".
  bool expected(std::string_view what) const;
};

/// One key of a section that is read into an Owner.
template <class Owner>
struct Field {
  std::string name;
  std::string doc;
  bool required = false;
  std::function<bool(const Cursor&, Owner&)> read;
  std::function<nlohmann::json()> schema;  // type, range, default

  Field must_be_given() const {
    Field copy = *this;
    copy.required = true;
    return copy;
  }
};

/// The field `name` that is kept in `Owner::*member`; its default is that of `Owner{}`.
template <class Owner, class T, class Codec>
Field<Owner> field(std::string name, T Owner::*member, Codec codec, std::string doc) {
  return {std::move(name), std::move(doc), false,
          [member, codec](const Cursor& at, Owner& owner) { return codec.read(at, owner.*member); },
          [member, codec] {
            nlohmann::json schema = codec.schema();
            nlohmann::json fallback = codec.show(Owner{}.*member);
            if (!fallback.is_null()) schema["default"] = std::move(fallback);
            return schema;
          }};
}

/// A field whose value goes somewhere else than into one member.
template <class Owner>
Field<Owner> custom_field(std::string name, std::function<bool(const Cursor&, Owner&)> read,
                          std::function<nlohmann::json()> schema, std::string doc) {
  return {std::move(name), std::move(doc), false, std::move(read), std::move(schema)};
}

/// Complains about a key that is none of `known`.
void unknown_key(const Cursor& section, const Member& member,
                 const std::vector<std::string>& known);

/// Reads the map at `at`; "nothing" is an empty map. Every problem in it is added.
template <class Owner>
bool read_fields(const Cursor& at, const std::vector<Field<Owner>>& fields, Owner& owner) {
  if (at.value.kind != Value::Kind::map && at.value.kind != Value::Kind::null) {
    return at.expected("a map of keys");
  }
  bool good = true;
  for (const Member& member : at.value.members) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Field<Owner>& f) { return f.name == member.key; });
    if (found == fields.end()) {
      std::vector<std::string> known;
      known.reserve(fields.size());
      for (const Field<Owner>& f : fields) known.push_back(f.name);
      unknown_key(at, member, known);
      good = false;
    } else {
      good = found->read(at.member(member), owner) && good;
    }
  }
  for (const Field<Owner>& f : fields) {
    if (!f.required || at.value.find(f.name) != nullptr) continue;
    at.problems.add(at.value.place, join_path(at.path, f.name), "is missing: " + f.doc);
    good = false;
  }
  return good;
}

template <class Owner>
nlohmann::json fields_schema(const std::vector<Field<Owner>>& fields) {
  nlohmann::json properties = nlohmann::json::object();
  nlohmann::json required = nlohmann::json::array();
  nlohmann::json order = nlohmann::json::array();
  for (const Field<Owner>& f : fields) {
    nlohmann::json schema = f.schema();
    schema["description"] = f.doc;
    properties[f.name] = std::move(schema);
    order.push_back(f.name);
    if (f.required) required.push_back(f.name);
  }
  // JSON objects have no order, but a page for readers has: editors pass over x- keywords.
  nlohmann::json schema{{"type", "object"},
                        {"properties", properties},
                        {"additionalProperties", false},
                        {"x-order", order}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

}  // namespace herosweep::config
