// A YAML document as a tree that knows where each of its values was written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace herosweep::config {

/// Where text came from: a file, or one `--set`.
struct Source {
  std::string name;              // as messages show it
  std::filesystem::path folder;  // what relative paths in it resolve against
  bool has_lines = true;         // false for --set: its name is the whole place
};

struct Place {
  std::shared_ptr<const Source> source;
  int line = 1;    // from 1
  int column = 1;  // from 1
  /// "file.yaml:12:5", or "--set a.b".
  std::string text() const;
};

struct Member;

/// One node. Scalars keep their text: what it means is decided by the field that reads it, so that
/// `no` or `010` never turn into something else behind the user's back.
struct Value {
  enum class Kind : uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  bool quoted = false;  // "1" in quotes is text, not a number
  Place place;
  std::string text;             // of a scalar
  std::vector<Value> items;     // of a list
  std::vector<Member> members;  // of a map, in the order of the file, keys unique

  const Member* find(std::string_view key) const;
  Member* find(std::string_view key);
};

struct Member {
  std::string key;
  Place place;  // of the key
  Value value;
};

/// What a message calls the kind of a value: "a list", "a map", "text 'abc'", "nothing".
std::string describe(const Value& value);

/// `top` over `base`: maps are merged key by key, everything else of `top` replaces.
Value merged(Value base, const Value& top);

/// Block-style YAML that reads back as the same tree, for records.
std::string to_yaml(const Value& value);

}  // namespace herosweep::config
