#include "experiments/config/task_file.h"

#include <fmt/format.h>

#include "core/util/project_file.h"
#include "experiments/config/codecs.h"
#include "experiments/config/compose.h"
#include "experiments/config/config.h"

namespace herosweep::config {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// An entry of `tasks:` as a map: a bare name is {name: NAME}.
Value as_map(const Value& entry) {
  if (entry.kind != Value::Kind::scalar) return entry;
  Value map;
  map.kind = Value::Kind::map;
  map.place = entry.place;
  map.members.push_back({"name", entry.place, entry});
  return map;
}

/// The scalar at `key`, or nothing.
const Value* word_at(const Value& map, std::string_view key) {
  const Member* member = map.find(key);
  return member != nullptr && member->value.kind == Value::Kind::scalar ? &member->value : nullptr;
}

bool missing_file(const Cursor& at, const Value& name) {
  at.problems.add(name.place, at.path,
                  fmt::format("no task file for {}: looked for {}.yaml in tasks and ../tasks "
                              "beside this file, and in {}",
                              name.text, name.text, util::project_file("configs/tasks").string()));
  return false;
}

/// Puts the file that `entry` names under its own keys. `base` names the file where the entry's
/// name is its own; an entry with files of its own needs none.
bool add_task_file(const Cursor& at, Value& entry) {
  const Value* name = word_at(entry, "base");
  if (name == nullptr) name = word_at(entry, "name");
  if (name == nullptr) return at.problem("has no name; write {name: NAME, ...}");
  const fs::path folder = name->place.source ? name->place.source->folder : fs::path();
  const fs::path file = find_task_file(name->text, folder);
  if (file.empty()) {
    const bool whole = entry.find("file") != nullptr || entry.find("files") != nullptr;
    return whole || missing_file(at, *name);
  }
  Value tree = load_tree(file, name->place, at.problems);
  substitute_environment(tree, at.problems);
  if (tree.kind != Value::Kind::map) return at.problem(file.string() + " holds no map of keys");
  std::erase_if(entry.members, [&](const Member& m) {
    return m.key == "base" || (m.key == "name" && m.value.text == name->text);
  });
  entry = merged(std::move(tree), entry);
  if (entry.find("name") == nullptr) {
    Value own;
    own.kind = Value::Kind::scalar;
    own.text = file.stem().string();
    own.place = entry.place;
    entry.members.push_back({"name", entry.place, own});
  }
  return true;
}

bool read_task(const Cursor& at, LocatedTask& out) {
  if (at.value.kind != Value::Kind::scalar && at.value.kind != Value::Kind::map) {
    return at.expected("a task's name or a map of its keys");
  }
  Value entry = as_map(at.value);
  const Cursor whole{entry, at.path, at.problems};
  out.where = at.where();
  if (!add_task_file(whole, entry) || !read_fields(whole, task_fields(), out.spec)) return false;
  bool good = true;
  for (const std::string& problem : tasks::problems(out.spec)) good = at.problem(problem);
  return good;
}

}  // namespace

fs::path find_task_file(const std::string& name, const fs::path& folder) {
  std::error_code error;
  if (name.ends_with(".yaml")) {
    const fs::path file = fs::path(name).is_absolute() ? fs::path(name) : folder / name;
    return fs::is_regular_file(file, error) ? file : fs::path();
  }
  for (const fs::path& place :
       {folder / "tasks", folder / ".." / "tasks", util::project_file("configs/tasks")}) {
    fs::path file = (place / (name + ".yaml")).lexically_normal();
    if (fs::is_regular_file(file, error)) return file;
  }
  return {};
}

bool read_tasks(const Cursor& at, std::vector<LocatedTask>& out) {
  if (at.value.kind != Value::Kind::list || at.value.items.empty()) {
    return at.expected("a list with at least one task");
  }
  bool good = true;
  for (size_t i = 0; i < at.value.items.size(); ++i) {
    LocatedTask task;
    if (!read_task(at.item(i), task)) {
      good = false;
      continue;
    }
    for (const LocatedTask& earlier : out) {
      if (earlier.spec.name != task.spec.name) continue;
      good = at.item(i).problem(
          fmt::format("a second task called {}; write {{base: {}, name: ANOTHER, ...}}",
                      task.spec.name, task.spec.name));
    }
    out.push_back(std::move(task));
  }
  return good;
}

json tasks_schema() {
  json entry = fields_schema(task_fields());
  entry["properties"]["base"] = {
      {"type", "string"}, {"description", "The task file to start from, when `name` is new."}};
  return {{"type", "array"},
          {"minItems", 1},
          {"items", {{"anyOf", {{{"type", "string"}}, std::move(entry)}}}}};
}

tasks::TaskSpec load_task(const std::string& name_or_path, const fs::path& relative_to) {
  Problems problems;
  Value name;
  name.kind = Value::Kind::scalar;
  name.text = name_or_path;
  name.place.source = std::make_shared<const Source>(Source{"task", relative_to, false});
  LocatedTask task;
  read_task({name, name_or_path, problems}, task);
  problems.throw_if_any();
  return task.spec;
}

}  // namespace herosweep::config
