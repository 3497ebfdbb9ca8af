#include <nlohmann/json.hpp>
#include <set>

#include "tests/catch.h"
#include "tests/experiments/store/synthetic_sweep.h"

using namespace herosweep;
using namespace herosweep::test;
using store::Store;

namespace {

/// The columns that notebooks rely on: these stay, others may be added behind them.
const std::string kCommon = "sweep model plan variant seed backend device plan_hash ";
const std::pair<const char*, std::string> kViews[] = {
    {"v_results", kCommon + "task trial_hash metric value n ci_low ci_high flips drift cosine "
                            "execution compute_dtype"},
    {"v_latency", kCommon + "batch seq_len threads n median_ms p90_ms ratio ratio_low ratio_high "
                            "execution compute_dtype"},
    {"v_memory", kCommon + "weight_bytes peak_bytes"},
    {"v_pareto", kCommon + "task trial_hash batch seq_len value fidelity_metric fidelity median_ms "
                           "on_front"},
    {"v_failures", kCommon + "task trial_hash kind message"},
};

struct Point {
  std::string plan;
  double value, ms;
  bool on_front;
};

}  // namespace

TEST_CASE("views begin with their documented columns, in order") {
  const TemporaryFolder folder;
  Store store(folder / "some.db", Store::Mode::read_write);
  for (const auto& [view, columns] : kViews) {
    SQLite::Statement query(store.database(), std::string("SELECT * FROM ") + view);
    std::string names;
    for (int i = 0; i < query.getColumnCount(); ++i)
      names += (i ? " " : "") + std::string(query.getColumnName(i));
    INFO(view << ": " << names);
    CHECK(names.substr(0, columns.size()) == columns);
  }
}

TEST_CASE("v_pareto marks exactly the plans that no other plan dominates") {
  const TemporaryFolder folder;
  Store store(folder / "some.db", Store::Mode::read_write);
  const sweep::Sweep sweep = full_sweep();
  const int64_t id = store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
  for (size_t i = 0; i < sweep.variants.size(); ++i)
    store.record_accuracy(id, trials_of(sweep, static_cast<int>(i)), sweep.variants[i].plan_hash,
                          accuracy_of(sweep, static_cast<int>(i)));
  for (const int batch : {1, 8})
    store.record_latency(id, sweep, latency_of(sweep, measurable_variants(sweep), batch));

  // 69 of 70 plans have a latency; the simulated one is in v_results alone.
  CHECK(query_text(store, "SELECT count(*) FROM v_results") == "140");
  CHECK(query_text(store, "SELECT count(*) FROM v_pareto") == "276");
  for (const char* where : {"task = 'binary' AND batch = 1", "task = 'regression' AND batch = 8"}) {
    std::vector<Point> points;
    SQLite::Statement query(store.database(),
                            std::string("SELECT plan, value, median_ms, on_front FROM v_pareto "
                                        "WHERE ") +
                                where);
    while (query.executeStep())
      points.push_back({query.getColumn(0).getString(), query.getColumn(1).getDouble(),
                        query.getColumn(2).getDouble(), query.getColumn(3).getInt() != 0});
    REQUIRE(points.size() == 69);
    for (const Point& p : points) {
      bool dominated = false;
      for (const Point& q : points)
        dominated |= q.value >= p.value && q.ms <= p.ms && (q.value > p.value || q.ms < p.ms);
      INFO(where << ": " << p.plan);
      CHECK(p.on_front == !dominated);
    }
  }
  CHECK(query_text(store, "SELECT DISTINCT fidelity_metric FROM v_pareto") == "drift");
  CHECK(query_text(store,
                   "SELECT count(*) FROM v_pareto WHERE on_front AND plan = 'hero-111111'") == "4");
}
