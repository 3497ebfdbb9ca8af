#include "experiments/config/compose.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "experiments/config/yaml_reader.h"

namespace herosweep::config {
namespace {

namespace fs = std::filesystem;

// Enough for any honest hierarchy; a file that includes itself is met before.
constexpr size_t kMaxIncludeDepth = 16;

bool includes(const Member& member, bool at_top) {
  return member.key == "include" || (at_top && member.key == "defaults");
}

class Includer {
 public:
  explicit Includer(Problems& problems) : problems_(problems) {}

  Value read(const fs::path& file, const Place& asked_at) {
    std::error_code unreadable;  // the reader says so, with the place that asked
    fs::path identity = fs::weakly_canonical(file, unreadable);
    if (unreadable) identity = file;
    if (std::find(chain_.begin(), chain_.end(), identity) != chain_.end()) {
      problems_.add(asked_at, "include", fmt::format("{} includes itself", file.string()));
      return {};
    }
    if (chain_.size() == kMaxIncludeDepth) {
      problems_.add(asked_at, "include", fmt::format("more than {} files deep", kMaxIncludeDepth));
      return {};
    }
    chain_.push_back(identity);
    Value tree = expand(read_yaml_file(file, asked_at, problems_), true);
    chain_.pop_back();
    return tree;
  }

 private:
  Value expand(Value value, bool at_top) {
    for (Value& item : value.items) item = expand(std::move(item), false);
    Value base;
    base.kind = Value::Kind::map;
    bool any = false;
    for (const Member& member : value.members) {
      if (!includes(member, at_top)) continue;
      any = true;
      add_files(base, member);
    }
    std::erase_if(value.members, [&](const Member& m) { return includes(m, at_top); });
    for (Member& member : value.members) member.value = expand(std::move(member.value), false);
    return any ? merged(std::move(base), value) : value;
  }

  void add_files(Value& base, const Member& member) {
    if (member.value.kind == Value::Kind::list) {
      for (const Value& item : member.value.items) add_file(base, member.key, item);
    } else {
      add_file(base, member.key, member.value);
    }
  }

  void add_file(Value& base, const std::string& key, Value name) {
    substitute_environment(name, problems_);
    if (name.kind != Value::Kind::scalar || name.text.empty()) {
      problems_.add(name.place, key,
                    fmt::format("expected a file name or a list of them, got {}", describe(name)));
      return;
    }
    const Value tree = read(resolve_path(name), name.place);
    if (tree.kind == Value::Kind::map) {
      base = merged(std::move(base), tree);
    } else if (tree.kind != Value::Kind::null) {
      problems_.add(name.place, key, fmt::format("{} holds no map", name.text));
    }
  }

  Problems& problems_;
  std::vector<fs::path> chain_;
};

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (true) {
    const size_t dot = path.find('.', begin);
    parts.push_back(path.substr(begin, dot - begin));
    if (dot == std::string::npos) return parts;
    begin = dot + 1;
  }
}

Value override_value(const std::string& text, std::shared_ptr<const Source> source,
                     Problems& problems) {
  // Only what looks like YAML is read as YAML, so that "a: b" or "#1" stay the text they are.
  const bool structured =
      !text.empty() && std::string_view("[{\"'").find(text[0]) != std::string::npos;
  if (structured) return read_yaml(text, source, problems);
  Value value;
  value.kind = text.empty() ? Value::Kind::null : Value::Kind::scalar;
  value.text = text;
  value.place.source = std::move(source);
  return value;
}

/// The member of `map` that the parts from `first` on name. Keys may contain dots
/// ("calibration.observer" of sweep.axes), so the longest existing key wins; `used` is the number
/// of parts it takes.
Member* find_member(Value& map, const std::vector<std::string>& parts, size_t first, size_t& used) {
  for (size_t last = parts.size(); last > first; --last) {
    const std::string key =
        fmt::format("{}", fmt::join(parts.begin() + first, parts.begin() + last, "."));
    if (Member* member = map.find(key)) {
      used = last - first;
      return member;
    }
  }
  return nullptr;
}

/// New members of sweep.axes keep their dots: axes are flat.
bool keeps_dots(const std::vector<std::string>& parts, size_t first) {
  return first == 2 && parts[0] == "sweep" && parts[1] == "axes";
}

Value* step_into_list(Value& list, const std::string& part) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return nullptr;
  return index < list.items.size() ? &list.items[index] : nullptr;
}

void set_at(Value& root, const std::vector<std::string>& parts, const Value& value,
            const std::string& path, Problems& problems) {
  Value* at = &root;
  for (size_t i = 0; i < parts.size();) {
    if (at->kind == Value::Kind::list) {
      at = step_into_list(*at, parts[i]);
      if (at == nullptr) {
        problems.add(value.place, path,
                     fmt::format("'{}' is no index of this list; count from 0", parts[i]));
        return;
      }
      ++i;
      continue;
    }
    // What was no map becomes one: `--set` wins over the file.
    if (at->kind != Value::Kind::map) *at = Value{Value::Kind::map, false, value.place, {}, {}, {}};
    size_t used = 1;
    Member* member = find_member(*at, parts, i, used);
    if (member == nullptr) {
      used = keeps_dots(parts, i) ? parts.size() - i : 1;
      at->members.push_back(
          {fmt::format("{}", fmt::join(parts.begin() + i, parts.begin() + i + used, ".")),
           value.place,
           {}});
      member = &at->members.back();
    }
    member->place = value.place;
    at = &member->value;
    i += used;
  }
  *at = value;
}

/// The text that `reference` ("env:NAME:-fallback") stands for; false when it has none.
bool lookup(const std::string& reference, std::string& text, std::string& problem) {
  if (!reference.starts_with("env:")) {
    problem =
        fmt::format("${{{}}} is unknown; write ${{env:NAME}}, or $${{ for a plain ${{", reference);
    return false;
  }
  const size_t dash = reference.find(":-", 4);
  const std::string name = reference.substr(4, dash == std::string::npos ? dash : dash - 4);
  if (const char* set = std::getenv(name.c_str()); set != nullptr && *set != '\0') {
    text = set;
  } else if (dash != std::string::npos) {
    text = reference.substr(dash + 2);
  } else {
    problem = fmt::format(
        "the environment variable {} is not set; set it, or write ${{env:{}:-fallback}}", name,
        name);
    return false;
  }
  return true;
}

void substitute_scalar(Value& value, const std::string& path, Problems& problems) {
  std::string result;
  size_t at = 0;
  while (at < value.text.size()) {
    const size_t dollar = value.text.find("${", at);
    if (dollar == std::string::npos) break;
    if (dollar > at && value.text[dollar - 1] == '$') {  // $${ is a plain ${
      result += value.text.substr(at, dollar - at);
      result += '{';
      at = dollar + 2;
      continue;
    }
    result += value.text.substr(at, dollar - at);
    const size_t end = value.text.find('}', dollar);
    std::string text, problem = "${ without its }";
    if (end == std::string::npos ||
        !lookup(value.text.substr(dollar + 2, end - dollar - 2), text, problem)) {
      problems.add(value.place, path, problem);
      return;
    }
    result += text;
    at = end + 1;
  }
  if (at > 0) value.text = result + value.text.substr(std::min(at, value.text.size()));
}

void substitute(Value& value, const std::string& path, Problems& problems) {
  if (value.kind == Value::Kind::scalar) substitute_scalar(value, path, problems);
  for (size_t i = 0; i < value.items.size(); ++i) {
    substitute(value.items[i], fmt::format("{}[{}]", path, i), problems);
  }
  for (Member& member : value.members) {
    substitute(member.value, join_path(path, member.key), problems);
  }
}

}  // namespace

Value load_tree(const fs::path& file, const Place& asked_at, Problems& problems) {
  return Includer(problems).read(file, asked_at);
}

void apply_override(Value& root, const std::string& assignment, Problems& problems) {
  const size_t equals = assignment.find('=');
  const std::string path = assignment.substr(0, equals);
  const auto source =
      std::make_shared<const Source>(Source{"--set " + path, fs::current_path(), false});
  const std::vector<std::string> parts = split(path);
  const bool has_empty = std::find(parts.begin(), parts.end(), "") != parts.end();
  if (equals == std::string::npos || has_empty) {
    problems.add({source, 0, 0}, "", "expected KEY=VALUE, as in latency.batch=[1,8]");
    return;
  }
  set_at(root, parts, override_value(assignment.substr(equals + 1), source, problems), path,
         problems);
}

void substitute_environment(Value& value, Problems& problems) { substitute(value, "", problems); }

fs::path resolve_path(const Value& value) {
  const fs::path path = value.text;
  if (path.is_absolute() || !value.place.source) return path.lexically_normal();
  return (value.place.source->folder / path).lexically_normal();
}

}  // namespace herosweep::config
