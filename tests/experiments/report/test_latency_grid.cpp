#include <fmt/format.h>

#include "experiments/report/table.h"
#include "experiments/report/writers.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

/// A snapshot with these groups, where plan p takes (10 - p) ms times the batch.
Snapshot grid_snapshot(const std::vector<GroupKey>& groups, int plans) {
  Snapshot s;
  s.sweep.name = s.sweep.model = "some";
  s.sweep.device = "CPU";
  s.groups = groups;
  for (int p = 0; p < plans; ++p)
    for (const GroupKey& group : groups) {
      LatencyRow row;
      row.plan = row.display = row.plan_hash = fmt::format("plan-{}", p);
      row.is_fp16 = p == 0;
      row.group = group;
      row.median_ms = (10. - p) * group.batch;
      row.ratio = 10 / (10. - p);
      row.ratio_low = row.ratio - .01;
      row.ratio_high = row.ratio + .01;
      s.latency.push_back(row);
    }
  return s;
}

}  // namespace

TEST_CASE("the latency grid has a column for each batch and length, grouped by length") {
  const Snapshot s = grid_snapshot({{1, 128, 1}, {8, 128, 1}, {1, 256, 1}}, 4);
  const auto tables = latency_grids(s);
  REQUIRE(tables.size() == 1);
  const Table& table = tables[0];
  CHECK(table.columns.size() == 4);
  CHECK(table.columns[2].title == "8");
  CHECK(table.columns[2].group == "128 tokens");
  CHECK(table.columns[3].group == "256 tokens");
  // FP16's time, then time and speed-up of each plan.
  REQUIRE(table.rows.size() == 1 + 2 * 3);
  CHECK(shown_value(table, 0, table.rows[0].cells[0]) == "FP16 (ms)");
  CHECK(shown_value(table, 0, table.rows[2].cells[0]) == "speed-up");
  CHECK(shown_value(table, 2, table.rows[0].cells[2]) == "80.00");
  CHECK(shown_value(table, 2, table.rows[6].cells[2]) == "1.43");
  CHECK(table.rows[6].cells[2].mark == Mark::best);
  CHECK(table.rows[4].cells[2].mark == Mark::second);
  CHECK(table.rows[5].cells[2].mark == Mark::none);  // a time
}

TEST_CASE("thread counts have a grid each, and what was not measured is missing") {
  Snapshot s = grid_snapshot({{1, 128, 1}, {1, 128, 4}}, 2);
  s.latency.pop_back();
  const auto tables = latency_grids(s);
  REQUIRE(tables.size() == 2);
  CHECK(tables[0].label == "tab:some-latency-t1");
  CHECK(tables[0].rows.size() == 3);
  CHECK(tables[1].rows.size() == 1);
  s = grid_snapshot({{1, 128, 1}, {8, 128, 1}}, 2);
  s.latency.pop_back();
  CHECK(latency_grids(s)[0].rows[2].cells[2].empty());
}

TEST_CASE("a caption from the config ends once, with or without its own period") {
  Snapshot s = grid_snapshot({{1, 128, 1}, {8, 128, 1}}, 2);
  s.sweep.caption = "A model.";
  const std::string with = latency_grids(s)[0].caption;
  CHECK(with.starts_with("A model: "));
  s.sweep.caption = "A model";
  CHECK(latency_grids(s)[0].caption == with);
}

TEST_CASE("LaTeX groups headings and aligns numbers of several kinds in a column") {
  const std::string text =
      write_latex(latency_grids(grid_snapshot({{1, 128, 1}, {128, 128, 1}, {1, 256, 1}}, 4)));
  CHECK_THAT(text, ContainsSubstring(" & \\multicolumn{2}{c}{128 tokens} & "
                                     "\\multicolumn{1}{c}{256 tokens} \\\\\n"
                                     "\\cmidrule(lr){2-3}\\cmidrule(lr){4-4}\n"));
  CHECK_THAT(text, ContainsSubstring("{batch size} & {1} & {128} & {1} \\\\"));
  CHECK_THAT(text, ContainsSubstring("S[table-format=2.2]S[table-format=4.2]"));
  // The second best stands in braces, where siunitx aligns nothing: phantoms make up for it.
  CHECK_THAT(text, ContainsSubstring("{\\phantom{000}\\underline{1.25}}"));
  CHECK_THAT(text, ContainsSubstring("\\addlinespace\nplan-2 (ms)"));
}
