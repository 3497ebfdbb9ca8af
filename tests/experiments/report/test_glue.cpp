#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/glue_columns.h"
#include "experiments/report/reference.h"
#include "experiments/report/report.h"
#include "experiments/report/table.h"
#include "experiments/tasks/metrics.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

/// A sweep of one checkpoint on two tasks, as a fine-tuned model a task has it.
sweep::Sweep glue_sweep(const std::string& name, const std::array<std::string, 2>& tasks,
                        const std::array<tasks::Metric, 2>& metrics) {
  sweep::Sweep sweep = small_sweep();
  sweep.name = name;
  sweep.model.weights_hash = sweep::canonical_hash(name);
  for (size_t t = 0; t < 2; ++t) {
    sweep.tasks[t].name = tasks[t];
    sweep.tasks[t].metric = metrics[t];
  }
  for (sweep::TrialRef& trial : sweep.trials) {
    trial.task = trial.task == "binary" ? tasks[0] : tasks[1];
    trial.trial_hash = sweep::canonical_hash(name + trial.trial_hash);
  }
  return sweep;
}

/// `n` examples of two classes: every fourth is of class 1, of which `missed` are predicted as 0.
tasks::Outcomes two_classes(int n, int missed) {
  tasks::Outcomes outcomes;
  for (int i = 0; i < n; ++i) {
    outcomes.label.push_back(i % 4 == 0 ? 1.F : 0.F);
    outcomes.prediction.push_back(i % 4 == 0 && i / 4 >= missed ? 1.F : 0.F);
  }
  outcomes.decision = outcomes.prediction;
  return outcomes;
}

tasks::Outcomes correlated(int n, int noise) {
  tasks::Outcomes outcomes;
  for (int i = 0; i < n; ++i) {
    outcomes.label.push_back(static_cast<float>(i));
    outcomes.prediction.push_back(static_cast<float>(i + noise * ((i * 37) % 11)));
  }
  outcomes.decision = outcomes.prediction;
  return outcomes;
}

measure::TaskResult result_of(const std::string& task, tasks::Metric metric,
                              tasks::Outcomes outcomes) {
  measure::TaskResult result;
  result.task = task;
  result.metric = tasks::name(metric);
  result.n = static_cast<int>(outcomes.label.size());
  result.value = tasks::score(metric, outcomes.prediction, outcomes.label);
  result.interval = {result.value - .01, result.value + .01};
  result.drift = .01;
  result.cosine = .99;
  result.head_hash = "head";
  result.outcomes = std::move(outcomes);
  return result;
}

void record(store::Store& store, const sweep::Sweep& sweep) {
  const int64_t id = store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
  for (int i = 0; i < static_cast<int>(sweep.variants.size()); ++i) {
    measure::AccuracyResult result = accuracy_of(sweep, i);
    result.tasks.clear();
    for (const tasks::TaskSpec& task : sweep.tasks)
      result.tasks.push_back(result_of(
          task.name, task.metric,
          tasks::is_classification(task.metric) ? two_classes(400, 10 * i) : correlated(200, i)));
    store.record_accuracy(id, trials_of(sweep, i), sweep.variants[i].plan_hash, result);
  }
}

struct GlueStore {
  GlueStore() : store(folder / "glue.db", store::Store::Mode::read_write) {
    record(store, glue_sweep("pairs", {"mrpc", "GLUE STS-B"},
                             {tasks::Metric::f1, tasks::Metric::pearson}));
    record(store, glue_sweep("single", {"cola", "SST-2"},
                             {tasks::Metric::matthews, tasks::Metric::accuracy}));
  }
  TemporaryFolder folder;
  store::Store store;
};

double number(const Table& table, size_t row, const std::string& key) {
  for (size_t c = 0; c < table.columns.size(); ++c)
    if (table.columns[c].key == key) return table.rows[row].cells[c].number().value_or(NAN);
  return NAN;
}

}  // namespace

TEST_CASE("a task of GLUE is known by its usual names") {
  CHECK(glue_task("sst2") == "sst2");
  CHECK(glue_task("SST-2") == "sst2");
  CHECK(glue_task("glue/mnli-mm") == "mnli_mm");
  CHECK(glue_task("mnli") == "mnli_m");
  CHECK(glue_task("STS-B") == "stsb");
  CHECK(glue_task("sts2016").empty());
  CHECK(glue_task("vader-tweets").empty());
}

TEST_CASE("the GLUE table joins sweeps and computes what they did not store") {
  GlueStore f;
  const Table table = glue_table(f.store, {}, "");
  REQUIRE(table.rows.size() == 4);
  CHECK(table.rows[0].is_reference);
  // Plan 2 misses 20 of 100 positives in 400: accuracy .95, precision 1, recall .8.
  CHECK(number(table, 2, "mrpc.accuracy") == Approx(.95));
  CHECK(number(table, 2, "mrpc.f1") == Approx(2 * .8 / 1.8));
  CHECK(number(table, 2, "sst2.accuracy") == Approx(.95));
  CHECK(number(table, 0, "stsb.spearman") == Approx(1));
  const double mean = (number(table, 2, "cola.matthews") + .95 +
                       (number(table, 2, "mrpc.accuracy") + number(table, 2, "mrpc.f1")) / 2 +
                       (number(table, 2, "stsb.pearson") + number(table, 2, "stsb.spearman")) / 2) /
                      4;
  CHECK(number(table, 2, "average") == Approx(mean));
  CHECK(std::isnan(number(table, 0, "rte.accuracy")));
}

TEST_CASE("the average is missing where a task is, and plans can be chosen") {
  GlueStore f;
  f.store.database().exec(
      "DELETE FROM accuracy WHERE trial_hash IN (SELECT trial_hash FROM v_results WHERE task = "
      "'cola' AND display = 'M2')");
  const Table table = glue_table(f.store, {.plans = {"m2", "M3"}}, "");
  REQUIRE(table.rows.size() == 3);
  CHECK(std::isnan(number(table, 1, "average")));
  CHECK(number(table, 1, "sst2.accuracy") == Approx(.95));
  CHECK_FALSE(std::isnan(number(table, 2, "average")));
}

TEST_CASE("GLUE tables with a paper's rows are as approved") {
  GlueStore f;
  const auto exported = [&](Format format, const char* reference) {
    return export_table(f.store, TableKind::glue, format, {}, reference);
  };
  check_golden("glue.md", exported(Format::md, ""));
  check_golden("glue.csv", exported(Format::csv, "zeroquant"));
  check_golden("glue.json", exported(Format::json, ""));
  check_golden("glue.tex", exported(Format::latex, "zeroquant"));
}

TEST_CASE("a database without GLUE's tasks says what it has") {
  FilledStore f(small_sweep());
  CHECK_THROWS_WITH(glue_table(f.store, {}, ""),
                    ContainsSubstring("the database has binary, regression"));
  CHECK_THROWS_WITH(glue_table(f.store, {.sweep = "other"}, ""),
                    ContainsSubstring("no sweep matches"));
}

TEST_CASE("the averages that ZeroQuant prints follow from its rows") {
  const Reference reference = load_reference("zeroquant");
  CHECK(reference.rows.size() == 12);
  for (const ReferenceRow& row : reference.rows) {
    // The one row whose printed average is another; its file says so.
    if (row.method == "W4/8A16 (PTQ)") continue;
    std::map<std::string_view, std::vector<double>> tasks;
    for (const GlueColumn& column : glue_columns())
      tasks[column.task].push_back(row.values.at(std::string(column.key)));
    double sum = 0;
    for (const auto& [task, values] : tasks) sum += (values.front() + values.back()) / 2;
    INFO(row.method);
    CHECK(sum / static_cast<double>(tasks.size()) == Approx(row.average).margin(.011));
  }
}

TEST_CASE("reference rows come from a file of the reader's, checked") {
  const TemporaryFolder folder;
  const auto file = folder / "other.json";
  const auto write = [&](const char* text) { std::ofstream(file) << text; };
  write(R"({"title": "Other paper", "source": "table 2", "columns": ["rte.accuracy"],
            "rows": [{"method": "W8A8", "values": [70.5], "average": 80.1}]})");
  CHECK(load_reference(file.string()).rows[0].values.at("rte.accuracy") == 70.5);
  write(R"({"title": "x", "source": "y", "columns": ["rte.f1"], "rows": []})");
  CHECK_THROWS_WITH(load_reference(file.string()), ContainsSubstring("no GLUE column 'rte.f1'"));
  write(R"({"title": "x", "source": "y", "columns": ["rte.accuracy"],
            "rows": [{"method": "W8A8", "values": [70.5, 1], "average": 80.1}]})");
  CHECK_THROWS_WITH(load_reference(file.string()), ContainsSubstring("2 values for 1 columns"));
  write(R"({"title": 3})");
  CHECK_THROWS_WITH(load_reference(file.string()), ContainsSubstring("no file of reference rows"));
  CHECK_THROWS_WITH(load_reference((folder / "no.json").string()),
                    ContainsSubstring("cannot be read"));
  CHECK_THROWS_WITH(load_reference("hero"), ContainsSubstring("zeroquant is built in"));
  FilledStore f(small_sweep());
  CHECK_THROWS_AS(export_table(f.store, TableKind::results, Format::md, {}, "zeroquant"),
                  ConfigError);
}
