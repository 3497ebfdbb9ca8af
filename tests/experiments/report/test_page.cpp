#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/util/error.h"
#include "experiments/report/layer_error.h"
#include "experiments/report/page.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

std::string page_of(const sweep::Sweep& sweep) {
  FilledStore f(sweep);
  const auto file = f.folder / "report.html";
  write_report(f.store, file);
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

nlohmann::json data_of(const std::string& page) {
  const std::string mark = "id=\"data\">";
  const size_t begin = page.find(mark) + mark.size();
  return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

}  // namespace

TEST_CASE("the page holds everything itself") {
  const std::string page = page_of(full_sweep());
  for (const char* external : {"src=", "<link", "@import", "url(", "fetch(", "https://"})
    CHECK(page.find(external) == std::string::npos);
  CHECK(page.find("href=") == page.find("href=\"#results-title\""));
  // The one address is the name of SVG's namespace.
  for (size_t at = page.find("http://"); at != std::string::npos; at = page.find("http://", at + 1))
    CHECK(page.substr(at, 26) == "http://www.w3.org/2000/svg");
  for (const char* mark : {"@TITLE@", "@STYLE@", "@INKS@", "@SECTIONS@", "@DATA@", "@SCRIPT@"})
    CHECK(page.find(mark) == std::string::npos);
  CHECK(page.size() < 400'000);
}

TEST_CASE("the page's data carry all plans, tasks, groups and samples") {
  const auto data = data_of(page_of(full_sweep()));
  CHECK(data["plans"].size() == 70);
  CHECK(data["tasks"].size() == 2);
  CHECK(data["tasks"][0]["plans"].size() == 70);
  CHECK(data["groups"].size() == 2);
  CHECK(data["groups"][0]["plans"].size() == 69);
  CHECK(data["many_seeds"] == false);
  CHECK(data["most_samples"].is_null());
  for (const auto& latency : data["groups"][0]["plans"]) {
    CHECK(latency["samples"].size() == 30);
    CHECK(latency["samples"][0] <= latency["ms"]);
    CHECK(latency["samples"][29] >= latency["ms"]);
  }
  CHECK(data["environment"]["libraries"]["torch"] == "2.11.0");
}

TEST_CASE("the page says what a plan does in each module, layer by layer where it must") {
  sweep::Sweep sweep = small_sweep();
  sweep.variants[3].plan.set(1, quant::Module::fc2, quant::Scheme::fp16);
  const auto data = data_of(page_of(sweep));
  const auto& schemes = data["plans"][sweep.variants[3].plan_hash]["schemes"];
  REQUIRE(schemes.size() == 6);
  CHECK(schemes[0] == nlohmann::json({"embedding", "int8"}));
  CHECK(schemes[5] == nlohmann::json({"fc2", "fp16 in 1 layer, int8 in 1 layer"}));
}

TEST_CASE("many rounds become as many quantiles as a page can hold") {
  FilledStore f(small_sweep());
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1}, 1, 500));
  const Snapshot s = load_snapshot(f.store, {.batch = 1});
  const LatencySamples samples = load_samples(f.store, s);
  CHECK(samples[0].size() == 500);
  const auto data = data_of(report_page(s, samples, {}));
  const auto& drawn = data["groups"][0]["plans"][f.sweep.variants[0].plan_hash]["samples"];
  CHECK(drawn.size() == 64);
  const auto [low, high] = std::minmax_element(samples[0].begin(), samples[0].end());
  CHECK(drawn[0].get<double>() == Approx(*low).epsilon(1e-4));
  CHECK(drawn[63].get<double>() == Approx(*high).epsilon(1e-4));
  CHECK(data["most_samples"] == 64);
}

TEST_CASE("a page of a very large sweep holds samples of the plans with a name only") {
  FilledStore f(full_sweep());
  Snapshot s = load_snapshot(f.store, {.batch = 1});
  const std::vector<LatencyRow> rows = s.latency;
  while (s.latency.size() <= 2000) s.latency.insert(s.latency.end(), rows.begin(), rows.end());
  const LatencySamples samples = load_samples(f.store, s);
  REQUIRE(samples.size() == s.latency.size());
  for (size_t i = 0; i < rows.size(); ++i)
    CHECK(samples[i].empty() == s.latency[i].display.starts_with("hero-"));
}

TEST_CASE("sections stand in the page as they are, and layer errors are one of them") {
  FilledStore f(small_sweep());
  const Snapshot s = load_snapshot(f.store, {});
  CHECK_THAT(report_page(s, {}, {"<section>@DATA@</section>"}),
             ContainsSubstring("<section>@DATA@</section>"));
  const auto map = layer_error_map(f.store, s);
  REQUIRE(map);
  CHECK(map->rows == std::vector<std::string>{"M1", "M2", "M3"});
  CHECK(map->columns.size() == 2);
  CHECK(map->values[0][1].value() == Approx(.0015));
  CHECK_THAT(page_of(small_sweep()), ContainsSubstring("<h2>Distance of layer outputs"));
}

TEST_CASE("text from outside cannot break out of the page") {
  sweep::Sweep sweep = small_sweep();
  sweep.caption = "</script><b>& @DATA@ \u2028";
  sweep.model.name = "<img>";
  const std::string page = page_of(sweep);
  CHECK(page.find("<img>") == std::string::npos);
  CHECK(page.find("</script><b>") == std::string::npos);
  CHECK(data_of(page)["sweep"]["caption"] == sweep.caption);
}

TEST_CASE("a report replaces an older one and leaves nothing else behind") {
  FilledStore f(small_sweep());
  const auto file = f.folder / "report.html";
  std::ofstream(file) << "old";
  write_report(f.store, file);
  CHECK(std::filesystem::file_size(file) > 10'000);
  // The page, and the database with its -wal and -shm files.
  const std::filesystem::directory_iterator files(f.folder.path());
  CHECK(std::distance(begin(files), end(files)) <= 4);
  CHECK_THROWS_AS(write_report(f.store, f.folder / "no/report.html"), EnvironmentError);
}

TEST_CASE("a page before the first result and without latency is still a page") {
  const TemporaryFolder folder;
  store::Store store(folder / "some.db", store::Store::Mode::read_write);
  sweep::Sweep sweep = small_sweep();
  sweep.latency.enabled = false;
  store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
  const auto data = data_of(export_table(store, TableKind::results, Format::html));
  CHECK(data["plans"].empty());
  CHECK(data["groups"].empty());
  CHECK(data["warnings"].size() == 1);
}
