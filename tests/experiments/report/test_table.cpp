#include "experiments/report/table.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::report;

namespace {

Table one_column(Better better, const std::vector<Cell>& cells, bool marks_reference = true) {
  Table table;
  TableColumn column{"x", "x", Unit::score, better, marks_reference};
  table.columns = {column};
  for (const Cell& cell : cells) table.rows.push_back({{cell}, false});
  set_marks(table);
  return table;
}

Cell with(double value, double noise) {
  return {value, ConfidenceInterval{value - noise, value + noise}, Mark::none};
}

std::string marks(const Table& table) {
  std::string out;
  for (const TableRow& row : table.rows) out += "-BS"[static_cast<int>(row.cells[0].mark)];
  return out;
}

}  // namespace

TEST_CASE("best and second best are marked in the column's direction") {
  const std::vector<Cell> cells{{1.0}, {3.0}, {2.0}, {int64_t{3}}, {}};
  CHECK(marks(one_column(Better::higher, cells)) == "-BSB-");
  CHECK(marks(one_column(Better::lower, cells)) == "B-S--");
}

TEST_CASE("cells whose intervals overlap the best one's are as good") {
  CHECK(marks(one_column(Better::higher, {with(.90, .01), with(.89, .01), with(.87, .005),
                                          with(.866, .005), with(.85, .001)})) == "BBSS-");
  // Without intervals a small difference counts.
  CHECK(marks(one_column(Better::higher, {{.90}, {.8999}, {.8}})) == "BS-");
}

TEST_CASE("a column with too few numbers or all within noise") {
  CHECK(marks(one_column(Better::higher, {{1.0}, {2.0}})) == "--");
  CHECK(marks(one_column(Better::higher, {with(1, 1), with(1.1, 1), with(.9, 1)})) == "BBB");
}

TEST_CASE("the reference row takes no part where it would always win") {
  Table table = one_column(Better::lower, {{0.0}, {.1}, {.2}, {.3}}, false);
  table.rows[0].is_reference = true;
  for (TableRow& row : table.rows) row.cells[0].mark = Mark::none;
  set_marks(table);
  CHECK(marks(table) == "-BS-");
}
