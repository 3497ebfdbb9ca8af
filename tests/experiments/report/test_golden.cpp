#include <nlohmann/json.hpp>

#include "experiments/report/report.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

Filter binary_at_batch_1() {
  Filter filter;
  filter.task = "binary";
  filter.batch = 1;
  return filter;
}

}  // namespace

TEST_CASE("exported tables of a whole sweep are as approved") {
  FilledStore f(full_sweep());
  const auto exported = [&](TableKind kind, Format format) {
    return export_table(f.store, kind, format, {});
  };
  check_golden("results.md", exported(TableKind::results, Format::md));
  check_golden("results.csv", exported(TableKind::results, Format::csv));
  check_golden("results.json",
               export_table(f.store, TableKind::results, Format::json, {.plans = {"M1"}}));
  check_golden("results.tex", exported(TableKind::results, Format::latex));
  check_golden("latency.md", exported(TableKind::latency, Format::md));
  check_golden("latency.csv", exported(TableKind::latency, Format::csv));
  check_golden("latency.json", export_table(f.store, TableKind::latency, Format::json,
                                            {.batch = 1, .plans = {"M3"}}));
  check_golden("latency.tex", exported(TableKind::latency, Format::latex));
  check_golden("memory.md", exported(TableKind::memory, Format::md));
  check_golden("memory.csv", exported(TableKind::memory, Format::csv));
  check_golden("memory.tex",
               export_table(f.store, TableKind::memory, Format::latex, {.plans = {"M1", "M2"}}));
  check_golden("pareto.md", exported(TableKind::pareto, Format::md));
  check_golden("pareto.tex", exported(TableKind::pareto, Format::latex));
  check_golden("memory.json",
               export_table(f.store, TableKind::memory, Format::json, {.plans = {"M1"}}));
  check_golden("pareto.csv",
               export_table(f.store, TableKind::pareto, Format::csv, binary_at_batch_1()));
  check_golden("pareto.json",
               export_table(f.store, TableKind::pareto, Format::json, binary_at_batch_1()));
}

TEST_CASE("the Pareto plot and the terminal's table are as approved") {
  FilledStore f(full_sweep());
  check_golden("pareto.svg",
               export_table(f.store, TableKind::pareto, Format::svg, binary_at_batch_1()));
  ParetoOptions options;
  options.filter = binary_at_batch_1();
  options.latency_budget_ms = 5;
  check_golden("pareto.txt", pareto_text(f.store, options));
}

TEST_CASE("tables of a small sweep with failures, variants and seeds are as approved") {
  sweep::Sweep sweep = small_sweep();
  sweep.variants[1].label = "residual=fp16";
  sweep.variants[2].seed = 3;
  FilledStore f(sweep);
  sweep::Sweep more = f.sweep;
  more.trials.push_back({"feedfeedfeed", "binary", 3, "{}"});
  f.store.begin_sweep(more, nlohmann::json::parse(R"({"cpu": "Example CPU 9000",
                                                      "git_dirty": true})"));
  f.store.record_failure("feedfeedfeed", {"oom", "killed for want of memory", "log"});
  check_golden("small-results.md", export_table(f.store, TableKind::results, Format::md, {}));
  check_golden("small-results.tex", export_table(f.store, TableKind::results, Format::latex, {}));
  ParetoOptions options;
  options.filter = binary_at_batch_1();
  options.all = true;
  check_golden("small-pareto.txt", pareto_text(f.store, options));
}
