#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/report/writers.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::report;

namespace {

/// One row of everything that is hard to write.
Table hard_table() {
  Table table;
  table.caption = "50 % of a_b & c <script> | $x^2$ #1 {y} ~ \\z";
  table.label = "tab:a_b c";
  table.context = {{"task", {std::string("a,b"), std::nullopt, Mark::none}}};
  TableColumn time{"median_ms", "time", Unit::milliseconds};
  time.has_interval = true;
  TableColumn hash{"plan_hash", "plan_hash"};
  hash.for_machines_only = true;
  table.columns = {{"plan", "plan"}, time, {"weight_bytes", "weights", Unit::bytes}, hash};
  table.rows = {{{{std::string("a|b_\"c\""), std::nullopt, Mark::none},
                  {12.3456, ConfidenceInterval{12.0, 12.7}, Mark::best},
                  {int64_t{90'123'456}, std::nullopt, Mark::second},
                  {std::string("abc"), std::nullopt, Mark::none}},
                 true},
                {{{std::string("plain"), std::nullopt, Mark::none},
                  {},
                  {NAN, std::nullopt, Mark::none},
                  {std::string("def"), std::nullopt, Mark::none}},
                 false}};
  return table;
}

}  // namespace

TEST_CASE("numbers are shown with the decimals and units of their kind") {
  const Table table = hard_table();
  CHECK(shown_value(table, 1, table.rows[0].cells[1]) == "12.35");
  CHECK(shown_interval(table, 1, table.rows[0].cells[1]) == "[12.00, 12.70]");
  CHECK(shown_value(table, 2, table.rows[0].cells[2]) == "90.1");
  CHECK(shown_title(table.columns[2]) == "weights (MB)");
  CHECK(shown_value(table, 1, table.rows[1].cells[1]) == "n/a");
  CHECK(shown_value(table, 2, table.rows[1].cells[2]) == "n/a");
}

TEST_CASE("Markdown escapes what would end a cell or begin markup") {
  const std::string text = write_markdown({hard_table()});
  CHECK_THAT(text, ContainsSubstring("| a\\|b\\_\"c\" | **12.35** [12.00, 12.70] | "
                                     "<ins>90.1</ins> |"));
  CHECK_THAT(text, ContainsSubstring("| plain | n/a | n/a |"));
  CHECK_THAT(text, ContainsSubstring("\\<script>"));
  CHECK(text.find("plan_hash") == std::string::npos);
}

TEST_CASE("CSV quotes, keeps full precision and leaves missing values empty") {
  CHECK(write_csv({hard_table()}) ==
        "task,plan,median_ms,median_ms_low,median_ms_high,weight_bytes,plan_hash\n"
        "\"a,b\",\"a|b_\"\"c\"\"\",12.3456,12,12.7,90123456,abc\n"
        "\"a,b\",plain,,,,nan,def\n");
}

TEST_CASE("JSON carries the same as CSV, with units") {
  const auto json = nlohmann::json::parse(write_json({hard_table()}));
  const auto& table = json["tables"][0];
  CHECK(table["context"]["task"] == "a,b");
  CHECK(table["rows"][0]["median_ms"] == 12.3456);
  CHECK(table["rows"][0]["median_ms_high"] == 12.7);
  CHECK(table["rows"][0]["plan_hash"] == "abc");
  CHECK(table["rows"][1]["median_ms"].is_null());
  CHECK(table["columns"][1]["unit"] == "ms");
}

TEST_CASE("LaTeX escapes every special character and keeps text out of number columns") {
  const std::string text = write_latex({hard_table()});
  CHECK_THAT(text, ContainsSubstring("50 \\% of a\\_b \\& c \\textless{}script\\textgreater{} | "
                                     "\\$x\\textasciicircum{}2\\$ \\#1 \\{y\\} \\textasciitilde{} "
                                     "\\textbackslash{}z"));
  CHECK_THAT(text, ContainsSubstring("\\label{tab:a-b-c}"));
  CHECK_THAT(text, ContainsSubstring("S[table-format=2.2]"));
  CHECK_THAT(text, ContainsSubstring("\\bfseries 12.35 & {[12.00, 12.70]}"));
  CHECK_THAT(text, ContainsSubstring("{\\underline{90.1}}"));
  CHECK_THAT(text, ContainsSubstring("plain & {n/a} & {} & {n/a}"));
}

TEST_CASE("terminal columns line up also with characters of several bytes") {
  Table table = hard_table();
  table.rows[1].cells[0].value = std::string("plän µ");
  const std::string text = write_terminal(table);
  CHECK_THAT(text, ContainsSubstring("plan       "));
  CHECK_THAT(text, ContainsSubstring("a|b_\"c\" *  12.35 [12.00, 12.70]"));
  CHECK_THAT(text, ContainsSubstring("\nplän µ                      n/a           n/a\n"));
}
