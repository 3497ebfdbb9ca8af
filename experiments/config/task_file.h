// `tasks:` of a sweep, and the task files that its names stand for.
#pragma once

#include <string>
#include <vector>

#include "experiments/config/field.h"
#include "experiments/tasks/task.h"

namespace herosweep::config {

struct LocatedTask {
  tasks::TaskSpec spec;
  std::string where;
};

/// A list of names, or of maps {name, ...fields that differ from the task file's}.
bool read_tasks(const Cursor& at, std::vector<LocatedTask>& out);
nlohmann::json tasks_schema();

/// The keys of a task file.
const std::vector<Field<tasks::TaskSpec>>& task_fields();

/// The file of task `name` (or a path that ends in .yaml) for a sweep in `folder`: in its
/// tasks/ or ../tasks/, or among the project's own. Empty when there is none.
std::filesystem::path find_task_file(const std::string& name, const std::filesystem::path& folder);

}  // namespace herosweep::config
