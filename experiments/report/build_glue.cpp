// The GLUE table: tasks of several sweeps side by side, a paper's rows under ours.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "experiments/report/glue_columns.h"
#include "experiments/report/reference.h"
#include "experiments/report/table_parts.h"
#include "experiments/tasks/metrics.h"

namespace herosweep::report {

namespace {

/// Of metrics that a sweep did not store. Their intervals only rank rows.
constexpr int kResamples = 500;
constexpr double kNormal95 = 1.96;

/// A task of GLUE and the sweep that measured it last.
struct Source {
  const Snapshot* sweep;
  std::string task;  // its name there
};
using Sources = std::map<std::string_view, Source>;

Sources find_sources(const std::vector<Snapshot>& sweeps) {
  Sources sources;
  for (const Snapshot& sweep : sweeps)
    for (const TaskInfo& task : sweep.tasks) {
      const bool measured =
          std::any_of(sweep.results.begin(), sweep.results.end(),
                      [&](const ResultRow& row) { return row.task == task.name; });
      const std::string_view glue = glue_task(task.name);
      if (measured && !glue.empty()) sources.try_emplace(glue, Source{&sweep, task.name});
    }
  if (!sources.empty()) return sources;
  std::set<std::string> there;
  for (const Snapshot& sweep : sweeps)
    for (const TaskInfo& task : sweep.tasks) there.insert(task.name);
  throw StoreError(fmt::format(
      "no task of GLUE has results here: the database has {}; a task is recognised by its name "
      "(cola, mnli, mnli-mm, mrpc, qnli, qqp, rte, sst2, stsb)",
      fmt::join(there, ", ")));
}

/// What of one metric follows from the stored outcomes of another.
bool follows(tasks::Metric wanted, tasks::Metric stored) {
  const auto correlation = [](tasks::Metric m) {
    return m == tasks::Metric::pearson || m == tasks::Metric::spearman;
  };
  return tasks::is_classification(wanted) == tasks::is_classification(stored) &&
         correlation(wanted) == correlation(stored);
}

Cell score_cell(const store::Store& store, const ResultRow& row, tasks::Metric metric) {
  if (row.metric == tasks::name(metric)) return real(row.value, row.ci_low, row.ci_high);
  if (!follows(metric, tasks::metric_from_name(row.metric))) return {};
  const tasks::Outcomes outcomes = store.outcomes(row.trial_hash);
  const stats::Interval interval =
      tasks::score_interval(metric, outcomes.prediction, outcomes.label, kResamples, 0);
  return real(tasks::score(metric, outcomes.prediction, outcomes.label), interval.low,
              interval.high);
}

/// Mean over tasks, a task's two metrics averaged first; its interval takes tasks as independent.
/// Nothing where a column has no number. `columns[i]` says what `cells[i]` holds.
Cell average(const std::vector<const GlueColumn*>& columns, const std::vector<Cell>& cells) {
  struct Mean {
    double sum = 0, half_width = 0;
    int n = 0;
  };
  std::map<std::string_view, Mean> tasks;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto number = cells[i].number();
    if (!number) return {};
    Mean& task = tasks[columns[i]->task];
    task.sum += *number;
    // A task's two metrics come from the same examples: half-widths are averaged, not squared.
    if (cells[i].interval)
      task.half_width += (cells[i].interval->high - cells[i].interval->low) / 2;
    ++task.n;
  }
  double sum = 0, variance = 0;
  for (const auto& [name, task] : tasks) {
    sum += task.sum / task.n;
    variance += std::pow(task.half_width / task.n / kNormal95, 2);
  }
  const double count = static_cast<double>(tasks.size());
  const double half_width = kNormal95 * std::sqrt(variance) / count;
  return real(sum / count, sum / count - half_width, sum / count + half_width);
}

/// A plan is the same in several sweeps when its name, axes and seed are.
using PlanKey = std::tuple<std::string, std::string, int64_t>;

struct PlanScores {
  ParetoPoint point;  // of the sweep that it was met in first
  std::map<std::string_view, const ResultRow*> results;
};

/// In the order of the newest sweep; FP16 leads every sweep.
std::vector<PlanScores> collect(const Sources& sources) {
  std::vector<PlanScores> plans;
  std::map<PlanKey, size_t> index;
  for (const auto& [glue, source] : sources)
    for (const ResultRow& row : source.sweep->results) {
      if (row.task != source.task) continue;
      const auto [it, added] =
          index.try_emplace({row.display, row.variant, row.seed}, plans.size());
      if (added) plans.push_back({{&row, nullptr, nullptr}, {}});
      plans[it->second].results[glue] = &row;
    }
  std::stable_sort(plans.begin(), plans.end(), [](const PlanScores& a, const PlanScores& b) {
    return a.point.result->position < b.point.result->position;
  });
  return plans;
}

std::vector<const GlueColumn*> columns_of(const Sources& sources) {
  std::vector<const GlueColumn*> columns;
  for (const GlueColumn& column : glue_columns())
    if (sources.contains(column.task)) columns.push_back(&column);
  return columns;
}

void add_columns(Table& table, const std::vector<const GlueColumn*>& columns) {
  for (const GlueColumn* column : columns) {
    TableColumn out{std::string(column->key), std::string(column->title), Unit::percent,
                    Better::higher};
    out.group = column->group;
    table.columns.push_back(std::move(out));
  }
  table.columns.push_back({"average", "Avg", Unit::percent, Better::higher});
  table.columns.push_back(machine_column("source"));
}

void add_scores(Table& table, const store::Store& store, const std::vector<PlanScores>& plans,
                const std::vector<const GlueColumn*>& columns) {
  for (size_t r = 0; r < plans.size(); ++r) {
    std::vector<Cell> scores;
    for (const GlueColumn* column : columns) {
      const auto it = plans[r].results.find(column->task);
      scores.push_back(
          it == plans[r].results.end() ? Cell{} : score_cell(store, *it->second, column->metric));
    }
    scores.push_back(average(columns, scores));
    scores.push_back(text("measured"));
    auto& cells = table.rows[r].cells;
    cells.insert(cells.end(), scores.begin(), scores.end());
  }
}

void add_reference(Table& table, const Reference& reference,
                   const std::vector<const GlueColumn*>& columns) {
  const bool all = columns.size() == glue_columns().size();
  const size_t plan_columns = table.columns.size() - columns.size() - 2;
  for (const ReferenceRow& quoted : reference.rows) {
    std::vector<Cell> scores;
    for (const GlueColumn* column : columns) {
      const auto it = quoted.values.find(std::string(column->key));
      scores.push_back(it == quoted.values.end() ? Cell{} : real(it->second / 100));
    }
    Cell mean = all ? real(quoted.average / 100) : average(columns, scores);
    mean.interval.reset();
    TableRow row;
    row.source = reference.title;
    row.cells.push_back(text(quoted.method));
    row.cells.resize(plan_columns);
    row.cells.insert(row.cells.end(), scores.begin(), scores.end());
    row.cells.push_back(mean);
    row.cells.push_back(text(reference.source));
    table.rows.push_back(std::move(row));
  }
  table.notes.push_back(
      fmt::format("Rows under '{}' are quoted: {}.", reference.title, reference.source));
}

/// Which sweeps the columns come from, where it is more than one.
std::string sweeps_note(const Sources& sources) {
  std::map<std::string, std::vector<std::string>> tasks;
  for (const auto& [glue, source] : sources)
    tasks[fmt::format("{} ({})", source.sweep->sweep.name, source.sweep->sweep.model)].push_back(
        source.task);
  if (tasks.size() < 2) return "";
  std::string out = "Sweeps:";
  for (const auto& [sweep, names] : tasks)
    out += fmt::format("{} {}: {}", out.ends_with(':') ? "" : ";", sweep, fmt::join(names, ", "));
  return out + ".";
}

void add_notes(Table& table, const Sources& sources) {
  table.notes.insert(table.notes.begin(),
                     "Scores times 100. Avg: the mean over the tasks shown, a task's two metrics "
                     "averaged first; MNLI-m and MNLI-mm count as two tasks.");
  if (const std::string note = sweeps_note(sources); !note.empty()) table.notes.push_back(note);
}

}  // namespace

Table glue_table(store::Store& store, const Filter& filter, const std::string& reference) {
  std::optional<Reference> quoted;
  if (!reference.empty()) quoted = load_reference(reference);
  std::vector<Snapshot> sweeps = load_snapshots(store, filter);
  const Sources sources = find_sources(sweeps);
  const auto is_source = [&](const Snapshot& sweep) {
    return std::any_of(sources.begin(), sources.end(),
                       [&](const auto& entry) { return entry.second.sweep == &sweep; });
  };
  for (Snapshot& sweep : sweeps)
    if (is_source(sweep)) keep_plans(sweep, filter.plans);
  const Snapshot& newest = *std::find_if(sweeps.begin(), sweeps.end(), is_source);
  const std::vector<const GlueColumn*> columns = columns_of(sources);
  const std::vector<PlanScores> plans = collect(sources);
  std::vector<ParetoPoint> points;
  points.reserve(plans.size());
  for (const PlanScores& plan : plans) points.push_back(plan.point);
  Table table = fill(newest, TableKind::glue, plan_fields(newest), points);
  add_columns(table, columns);
  add_scores(table, store, plans, columns);
  set_marks(table);
  if (quoted) add_reference(table, *quoted, columns);
  table.caption = caption(newest, "scores on GLUE");
  table.label = label(newest, "glue");
  add_notes(table, sources);
  return table;
}

}  // namespace herosweep::report
