#include "tests/experiments/report/golden.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/catch.h"

namespace herosweep::test {

namespace {

std::string read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// "line 7: expected ..., got ...", of the first line that differs.
std::string first_difference(const std::string& expected, const std::string& actual) {
  std::istringstream left(expected), right(actual);
  std::string a, b;
  for (int line = 1;; ++line) {
    const bool more_left = static_cast<bool>(std::getline(left, a));
    const bool more_right = static_cast<bool>(std::getline(right, b));
    if (!more_left && !more_right) return "only line ends differ";
    if (more_left != more_right || a != b)
      return "line " + std::to_string(line) + "\n  expected: " + (more_left ? a : "(end)") +
             "\n  got:      " + (more_right ? b : "(end)");
  }
}

}  // namespace

void check_golden(const std::string& name, const std::string& text) {
  const std::string file = std::string(HEROSWEEP_SOURCE_DIR) + "/tests/golden/report/" + name;
  if (std::getenv("HEROSWEEP_UPDATE_GOLDEN")) {
    std::ofstream(file, std::ios::binary) << text;
    WARN("wrote " << file);
    return;
  }
  const std::string expected = read_file(file);
  INFO(file << ": " << first_difference(expected, text));
  CHECK((expected == text));
}

FilledStore::FilledStore(sweep::Sweep filled)
    : sweep(std::move(filled)),
      store(folder / "some.db", store::Store::Mode::read_write),
      id(store.begin_sweep(sweep, nlohmann::json::parse(environment_text()))) {
  for (size_t i = 0; i < sweep.variants.size(); ++i)
    store.record_accuracy(id, trials_of(sweep, static_cast<int>(i)), sweep.variants[i].plan_hash,
                          accuracy_of(sweep, static_cast<int>(i)));
  store.record_latency(id, sweep, latency_of(sweep, measurable_variants(sweep), 1, 30));
  store.record_latency(id, sweep, latency_of(sweep, measurable_variants(sweep), 8, 10));
}

}  // namespace herosweep::test
