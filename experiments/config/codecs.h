// The types of values that fields are made of.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiments/config/compose.h"
#include "experiments/config/field.h"

namespace herosweep::config {

/// `true` or `false`, unquoted. YAML 1.1's yes, no, on and off are refused, not guessed.
struct Boolean {
  bool read(const Cursor& at, bool& out) const;
  nlohmann::json schema() const { return {{"type", "boolean"}}; }
  nlohmann::json show(bool value) const { return value; }
};

/// A whole number in decimal digits: no leading zeros (YAML 1.1 reads 010 as 8), no 0x, no 1e3.
bool read_whole_number(const Cursor& at, int64_t low, int64_t high, int64_t& out);
/// A finite decimal number.
bool read_number(const Cursor& at, double low, double high, double& out);
/// Text, quoted or not; `no` stays "no".
bool read_text(const Cursor& at, bool may_be_empty, std::string& out);

template <class T = int>
struct Integer {
  int64_t low = 0;
  int64_t high = std::numeric_limits<int>::max();
  bool read(const Cursor& at, T& out) const {
    int64_t number = 0;
    if (!read_whole_number(at, low, high, number)) return false;
    out = static_cast<T>(number);
    return true;
  }
  nlohmann::json schema() const {
    return {{"type", "integer"}, {"minimum", low}, {"maximum", high}};
  }
  nlohmann::json show(T value) const { return value; }
};

struct Number {
  double low = 0;
  double high = std::numeric_limits<double>::max();
  bool read(const Cursor& at, double& out) const { return read_number(at, low, high, out); }
  nlohmann::json schema() const;
  nlohmann::json show(double value) const { return value; }
};

/// Seconds, written as 90s, 10m or 2h.
struct Duration {
  double low = 1;
  double high = 7 * 24 * 3600.0;
  bool read(const Cursor& at, double& out) const;
  nlohmann::json schema() const;
  nlohmann::json show(double seconds) const;
};

struct Text {
  bool may_be_empty = true;
  bool read(const Cursor& at, std::string& out) const { return read_text(at, may_be_empty, out); }
  // What looks like a number to an editor is text to this reader: a column called 0.
  nlohmann::json schema() const { return {{"type", {"string", "number"}}}; }
  nlohmann::json show(const std::string& value) const {
    return value.empty() ? nlohmann::json() : nlohmann::json(value);
  }
};

/// Letters, digits, '.', '_' and '-': what becomes part of a file name.
struct Identifier {
  bool read(const Cursor& at, std::string& out) const;
  nlohmann::json schema() const;
  nlohmann::json show(const std::string& value) const { return Text{}.show(value); }
};

/// A path; relative ones resolve against the file they stand in.
struct PathName {
  bool read(const Cursor& at, std::filesystem::path& out) const;
  nlohmann::json schema() const { return {{"type", "string"}}; }
  nlohmann::json show(const std::filesystem::path& value) const {
    return Text{}.show(value.string());
  }
};

/// Index of the word at `at` in `words`, or -1 and a problem.
int read_word(const Cursor& at, const std::vector<std::string>& words);

/// One word of a table, kept as the value beside it.
template <class T>
struct Choice {
  std::vector<std::pair<std::string, T>> table;
  bool read(const Cursor& at, T& out) const {
    const int index = read_word(at, words());
    if (index < 0) return false;
    out = table[static_cast<size_t>(index)].second;
    return true;
  }
  nlohmann::json schema() const { return {{"enum", words()}}; }
  nlohmann::json show(const T& value) const {
    for (const auto& [word, meaning] : table) {
      if (meaning == value) return word;
    }
    return {};
  }
  std::vector<std::string> words() const {
    std::vector<std::string> result;
    for (const auto& entry : table) result.push_back(entry.first);
    return result;
  }
};

/// A list, or one value that stands for a list of one.
template <class Codec, class T>
struct ListOf {
  Codec codec;
  bool distinct = true;
  bool read(const Cursor& at, std::vector<T>& out) const {
    if (at.value.kind == Value::Kind::scalar || at.value.kind == Value::Kind::map) {
      T single{};
      if (!codec.read(at, single)) return false;
      out = {std::move(single)};
      return true;
    }
    if (at.value.kind != Value::Kind::list || at.value.items.empty()) {
      return at.expected("a list with at least one value");
    }
    bool good = true;
    std::vector<T> list;
    for (size_t i = 0; i < at.value.items.size(); ++i) {
      T entry{};
      const bool read_one = codec.read(at.item(i), entry);
      good = good && read_one;
      if (!read_one) continue;
      if (distinct && is_known(list, entry)) good = at.item(i).problem("is listed twice");
      list.push_back(std::move(entry));
    }
    if (good) out = std::move(list);
    return good;
  }
  nlohmann::json schema() const {
    const nlohmann::json one = codec.schema();
    return {{"anyOf", {one, {{"type", "array"}, {"items", one}, {"minItems", 1}}}}};
  }
  nlohmann::json show(const std::vector<T>& values) const {
    nlohmann::json list = nlohmann::json::array();
    for (const T& value : values) list.push_back(codec.show(value));
    return list.empty() ? nlohmann::json() : list;
  }

 private:
  static bool is_known(const std::vector<T>& list, const T& entry) {
    if constexpr (requires { entry == entry; }) {
      return std::find(list.begin(), list.end(), entry) != list.end();
    } else {
      return false;
    }
  }
};

/// A map with fields of its own.
template <class Owner>
struct Section {
  const std::vector<Field<Owner>>& (*fields)();
  bool read(const Cursor& at, Owner& out) const { return read_fields(at, fields(), out); }
  nlohmann::json schema() const { return fields_schema(fields()); }
  nlohmann::json show(const Owner&) const { return {}; }  // the fields show their own
};

}  // namespace herosweep::config
