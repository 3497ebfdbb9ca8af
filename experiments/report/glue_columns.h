// The columns of GLUE tables in papers, and which task of a sweep fills which.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/tasks/task.h"

namespace herosweep::report {

struct GlueColumn {
  std::string_view key;    // "mrpc.f1": task and metric
  std::string_view task;   // "mrpc"; "mnli_m" and "mnli_mm" are two tasks
  std::string_view group;  // heading over a task's columns: "MRPC"
  std::string_view title;  // "F1"
  tasks::Metric metric;
};

/// In the order of the papers; columns of one task are neighbours.
std::span<const GlueColumn> glue_columns();
bool is_glue_column(std::string_view key);
/// "cola.matthews, mnli_m.accuracy, ...".
std::string glue_column_names();

/// GLUE's task that a sweep's task is, by its name ("SST-2", "glue-sst2", "mnli"); "" for others.
std::string_view glue_task(const std::string& name);

}  // namespace herosweep::report
