// Writes what a user would open, for the tests that open it: browser, TeX, notebooks.
#include <cstdlib>
#include <fstream>

#include "experiments/report/effects_plot.h"
#include "experiments/report/heat_map.h"
#include "experiments/report/report.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep::report;
using namespace herosweep::test;

namespace {

/// The folder that HEROSWEEP_ARTIFACTS names, or one that is removed again.
std::filesystem::path output_folder(const TemporaryFolder& temporary) {
  const char* asked = std::getenv("HEROSWEEP_ARTIFACTS");
  return asked ? std::filesystem::path(asked) : temporary.path();
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
  CHECK(std::filesystem::file_size(file) > 500);
}

HeatMap layer_map() {
  HeatMap map{
      "Drift with one module of one layer in INT8", "module", "layer", {}, {}, {}, 4, false};
  map.rows = {"embedding", "qkv", "attention", "attention_output", "fc1", "fc2"};
  for (int layer = 0; layer < 12; ++layer) map.columns.push_back(std::to_string(layer));
  for (int r = 0; r < 6; ++r) {
    map.values.emplace_back();
    for (int layer = 0; layer < 12; ++layer)
      map.values[r].push_back(
          r == 0 && layer > 0 ? std::nullopt : std::optional(.0004 * (r + 1) * (1 + layer % 5)));
  }
  return map;
}

}  // namespace

TEST_CASE("the outputs of a whole sweep are written as files") {
  const TemporaryFolder temporary;
  const std::filesystem::path folder = output_folder(temporary);
  FilledStore f(full_sweep());
  const auto exported = [&](TableKind kind, Format format, std::vector<std::string> plans = {}) {
    return export_table(f.store, kind, format, {.plans = std::move(plans)});
  };
  write(folder / "results.tex", exported(TableKind::results, Format::latex));
  write(folder / "latency.tex", exported(TableKind::latency, Format::latex, {"M3", "zq-w8a8"}));
  write(folder / "latency-all.tex", exported(TableKind::latency, Format::latex));
  write(folder / "memory.tex", exported(TableKind::memory, Format::latex, {"M1", "M2", "M3"}));
  write(folder / "pareto.tex", exported(TableKind::pareto, Format::latex));
  write(folder / "pareto.pdf", exported(TableKind::pareto, Format::pdf));
  write(folder / "pareto.svg", exported(TableKind::pareto, Format::svg));
  const Picture map = draw_heat_map(layer_map());
  write(folder / "heat-map.svg", write_svg(map));
  write(folder / "heat-map.pdf", write_pdf(map));
  write(folder / "effects.pdf",
        write_pdf(draw_effects("Main effects", "drift",
                               {{"qkv", .01, .008, .012}, {"fc2", -.002, -.004, .001}})));
  write_report(f.store, folder / "report.html");
  std::filesystem::remove(folder / "sweep.db");
  f.store.database().exec("VACUUM INTO '" + (folder / "sweep.db").string() + "'");
}
