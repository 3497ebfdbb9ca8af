#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/util/error.h"
#include "experiments/report/report.h"
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
  for (const char* external : {"src=", "href=", "@import", "url(", "fetch(", "https://"})
    CHECK(page.find(external) == std::string::npos);
  // The one address is the name of SVG's namespace.
  CHECK(page.find("http://") == page.find("http://www.w3.org/2000/svg"));
  CHECK(page.find("@DATA@") == std::string::npos);
  CHECK(page.size() < 400'000);
}

TEST_CASE("the page's data carry all plans, tasks, groups and fronts") {
  const auto data = data_of(page_of(full_sweep()));
  CHECK(data["plans"].size() == 70);
  CHECK(data["tasks"].size() == 2);
  CHECK(data["tasks"][0]["plans"].size() == 70);
  CHECK(data["groups"].size() == 2);
  CHECK(data["groups"][0]["plans"].size() == 69);
  const auto& fronts = data["tasks"][0]["fronts"][0];
  CHECK(fronts["value"].size() >= 2);
  CHECK(fronts["drift"].size() >= fronts["value"].size());
  for (const auto& hash : fronts["drift"]) CHECK(data["groups"][0]["plans"].contains(hash));
  CHECK(data["environment"]["libraries"]["torch"] == "2.11.0");
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
