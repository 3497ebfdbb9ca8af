#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/report.h"
#include "experiments/report/rows.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

TEST_CASE("a filter picks the sweep, tasks and groups, and says what there is instead") {
  FilledStore f(small_sweep());
  Filter filter;
  filter.task = "regression";
  filter.batch = 8;
  const Snapshot s = load_snapshot(f.store, filter);
  CHECK(s.tasks.size() == 1);
  CHECK(s.results.size() == 4);
  CHECK(s.latency.size() == 4);
  CHECK(s.groups.size() == 1);

  const auto refused = [&](Filter bad, const char* reason) {
    CHECK_THROWS_WITH(load_snapshot(f.store, bad), ContainsSubstring(reason));
  };
  refused({.sweep = "huge"}, "the database has small (minilm-l6, cpu)");
  refused({.model = "gpt"}, "no sweep matches");
  refused({.task = "cola"}, "it has binary, regression");
  refused({.batch = 64}, "batch 1 seq_len 128 threads 1; batch 8");
}

TEST_CASE("without a name the sweep begun last is taken") {
  FilledStore f(small_sweep());
  sweep::Sweep other = f.sweep;
  other.name = "other";
  const auto environment = nlohmann::json::parse(environment_text());
  f.store.begin_sweep(other, environment);
  CHECK(load_snapshot(f.store, {}).sweep.name == "other");
  f.store.database().exec(
      "UPDATE sweeps SET started_at = '2999-01-01T00:00:00Z' WHERE name = 'small'");
  CHECK(load_snapshot(f.store, {}).sweep.name == "small");
}

TEST_CASE("latencies of another device stay out of the tables") {
  FilledStore f(small_sweep());
  auto environment = nlohmann::json::parse(environment_text());
  environment["device"] = "Another CPU";
  f.store.begin_sweep(f.sweep, environment);
  CHECK(load_snapshot(f.store, {}).latency.empty());
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1}, 1));
  CHECK(load_snapshot(f.store, {}).latency.size() == 2);
}

TEST_CASE("exports of a sweep without results say how far it is") {
  const TemporaryFolder folder;
  store::Store store(folder / "some.db", store::Store::Mode::read_write);
  CHECK_THROWS_WITH(export_table(store, TableKind::results, Format::md),
                    ContainsSubstring("has no sweep yet"));
  store.begin_sweep(small_sweep(), nlohmann::json::parse(environment_text()));
  for (const TableKind kind :
       {TableKind::results, TableKind::latency, TableKind::memory, TableKind::pareto})
    CHECK_THROWS_WITH(export_table(store, kind, Format::md),
                      ContainsSubstring("0 of 8 trials are done"));
  CHECK_THROWS_AS(export_table(store, TableKind::results, Format::svg), StoreError);
  CHECK_THROWS_WITH(pareto_text(store), ContainsSubstring("0 of 8 trials are done"));
}

TEST_CASE("plans are chosen by any of their names, and FP16 stays with them") {
  FilledStore f(full_sweep());
  const Snapshot s = load_snapshot(f.store, {.plans = {"m3", "ZQ-W8A8", "hero-110010"}});
  CHECK(s.results.size() == 2 * 4);
  CHECK(s.latency.size() == 2 * 4);
  CHECK(s.memory.size() == 4);
  CHECK(s.results[0].is_fp16);
  CHECK_THROWS_WITH(load_snapshot(f.store, {.plans = {"M4"}}),
                    ContainsSubstring("no plan 'M4'; it has M1, M2, M3, W4/8A16 PTQ"));
  CHECK_THROWS_WITH(load_snapshot(f.store, {.plans = {"M4"}}), ContainsSubstring("and 58 more"));
}

TEST_CASE("words for tables and formats") {
  CHECK(parse_table_kind("latency") == TableKind::latency);
  CHECK(parse_format("latex") == Format::latex);
  CHECK_THROWS_WITH(parse_table_kind("figures"), ContainsSubstring("results, glue, pareto"));
  CHECK_THROWS_WITH(parse_format("xlsx"),
                    ContainsSubstring("md, csv, json, latex, svg, pdf, html"));
}

TEST_CASE("a read-only store serves every export") {
  FilledStore f(small_sweep());
  store::Store reader(f.store.file(), store::Store::Mode::read_only);
  for (const Format format : {Format::md, Format::csv, Format::json, Format::latex, Format::svg,
                              Format::pdf, Format::html})
    CHECK(export_table(reader, TableKind::results, format).size() > 500);
  CHECK(pareto_json(reader).size() > 500);
}
