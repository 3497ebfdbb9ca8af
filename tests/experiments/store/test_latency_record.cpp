#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/stats/stats.h"
#include "tests/catch.h"
#include "tests/experiments/store/synthetic_sweep.h"

using namespace herosweep;
using namespace herosweep::test;
using store::Store;

namespace {

struct Fixture {
  TemporaryFolder folder;
  sweep::Sweep sweep = small_sweep();
  nlohmann::json environment = nlohmann::json::parse(environment_text());
  Store store{folder / "some.db", Store::Mode::read_write};
  int64_t id = store.begin_sweep(sweep, environment);

  bool has(int variant, int batch) {
    return store.has_latency(sweep, sweep.variants[variant].plan_hash, batch, 128, 1);
  }
  std::string of(int variant, const std::string& column) {
    return query_text(store, "SELECT " + column + " FROM v_latency WHERE batch = 1 AND plan = '" +
                                 sweep.variants[variant].plan.name + "'");
  }
};

std::vector<double> milliseconds(const measure::LatencySamples& samples) {
  std::vector<double> ms;
  for (const int64_t ns : samples.nanoseconds) ms.push_back(static_cast<double>(ns) / 1e6);
  return ms;
}

}  // namespace

TEST_CASE("a latency group keeps raw samples and the paired ratio to its baseline") {
  Fixture f;
  const auto result = latency_of(f.sweep, {0, 1, 3}, 1);
  CHECK_FALSE(f.has(3, 1));
  f.store.record_latency(f.id, f.sweep, result);
  CHECK(f.has(0, 1));
  CHECK(f.has(3, 1));
  CHECK_FALSE(f.has(2, 1));
  CHECK_FALSE(f.has(3, 8));

  const auto expected =
      stats::paired_ratio(milliseconds(result.plans[0]), milliseconds(result.plans[2]));
  SQLite::Statement row(f.store.database(),
                        "SELECT ratio, ratio_low, ratio_high, median_ms, n, group_id, p90_ms, "
                        "p95_ms IS NULL, fp16_ms FROM v_latency WHERE plan = 'hero-111111'");
  REQUIRE(row.executeStep());
  CHECK(row.getColumn(0).getDouble() == expected.ratio);
  CHECK(row.getColumn(1).getDouble() == expected.interval.low);
  CHECK(row.getColumn(2).getDouble() == expected.interval.high);
  CHECK(row.getColumn(3).getDouble() == stats::median(milliseconds(result.plans[2])));
  CHECK(row.getColumn(4).getInt() == 30);
  CHECK(f.store.latency_ns(row.getColumn(5).getInt64(), result.plans[2].plan_hash) ==
        result.plans[2].nanoseconds);
  CHECK(row.getColumn(6).getDouble() > row.getColumn(3).getDouble());
  CHECK(row.getColumn(7).getInt() == 1);  // 30 rounds carry a p90 and no p95
  CHECK(row.getColumn(8).getDouble() == stats::median(milliseconds(result.plans[0])));
  CHECK(f.of(0, "ratio") == "1.0");
}

TEST_CASE("the host's clock is kept beside a device's, where there is one") {
  Fixture f;
  auto result = latency_of(f.sweep, {0, 1}, 1, 6);
  result.plans[1].wall_nanoseconds = {9'000'000, 8'000'000, 7'000'000, 8'000'000, 8'000'000, 1};
  f.store.record_latency(f.id, f.sweep, result);
  CHECK(f.of(0, "wall_median_ms IS NULL") == "1");
  CHECK(f.of(1, "wall_median_ms") == "8.0");
  CHECK(query_text(f.store,
                   "SELECT length(wall_nanoseconds) FROM latency_samples WHERE "
                   "wall_median_ms IS NOT NULL") == "48");
  result.plans[1].wall_nanoseconds.pop_back();
  CHECK_THROWS_AS(f.store.record_latency(f.id, f.sweep, result), StoreError);
}

TEST_CASE("a plan measured again shows its newest run, others keep theirs") {
  Fixture f;
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1, 2}, 1));
  const std::string before = f.of(2, "median_ms");
  auto again = latency_of(f.sweep, {0, 1}, 1, 40);
  // A slower machine this time: ratios stay, because each run pairs with its own baseline.
  for (auto& plan : again.plans)
    for (auto& ns : plan.nanoseconds) ns *= 2;
  f.store.record_latency(f.id, f.sweep, again);
  CHECK(f.of(1, "n") == "40");
  CHECK(f.of(2, "n") == "30");
  CHECK(f.of(2, "median_ms") == before);
  CHECK(std::stod(f.of(1, "ratio")) == Approx(1 / .76).margin(.01));  // M1 saves 24 %
  CHECK(query_text(f.store, "SELECT count(*) FROM v_latency") == "3");
  CHECK(query_text(f.store, "SELECT count(*) FROM latency_samples") == "5");
}

TEST_CASE("a latency belongs to its device, batch, threads and weights") {
  Fixture f;
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1}, 1));
  CHECK_FALSE(f.store.has_latency(f.sweep, f.sweep.variants[1].plan_hash, 1, 128, 2));
  CHECK_FALSE(f.store.has_latency(f.sweep, f.sweep.variants[1].plan_hash, 1, 64, 1));
  sweep::Sweep retrained = f.sweep;
  retrained.model.weights_hash = "other";
  f.store.begin_sweep(retrained, f.environment);
  CHECK_FALSE(f.store.has_latency(retrained, f.sweep.variants[1].plan_hash, 1, 128, 1));
  f.environment["device"] = "Another CPU";
  f.store.begin_sweep(f.sweep, f.environment);
  CHECK_FALSE(f.has(1, 1));
}

TEST_CASE("another sweep on the same device shares the measurement") {
  Fixture f;
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1}, 1));
  sweep::Sweep other = f.sweep;
  other.name = "other";
  other.latency.batch = {1};
  f.store.begin_sweep(other, f.environment);
  CHECK(f.store.has_latency(other, f.sweep.variants[1].plan_hash, 1, 128, 1));
  CHECK(query_text(f.store, "SELECT count(*) FROM v_latency WHERE sweep = 'other'") == "2");
}

TEST_CASE("a sweep shows only the batches that it asks for") {
  Fixture f;
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1}, 8, 10));
  sweep::Sweep other = f.sweep;
  other.name = "other";
  other.latency.batch = {1};
  f.store.begin_sweep(other, f.environment);
  CHECK(query_text(f.store, "SELECT count(*) FROM v_latency WHERE sweep = 'other'") == "0");
  CHECK(query_text(f.store, "SELECT count(*) FROM v_latency WHERE sweep = 'small'") == "2");
  CHECK(query_text(f.store, "SELECT p90_ms IS NULL FROM v_latency") == "1");
}

TEST_CASE("groups without their baseline or with missing rounds are refused") {
  Fixture f;
  auto result = latency_of(f.sweep, {0, 1}, 1);
  SECTION("no baseline") {
    result.plans.erase(result.plans.begin());
    CHECK_THROWS_WITH(f.store.record_latency(f.id, f.sweep, result), ContainsSubstring("baseline"));
  }
  SECTION("a round short") {
    result.plans[1].nanoseconds.pop_back();
    CHECK_THROWS_WITH(f.store.record_latency(f.id, f.sweep, result),
                      ContainsSubstring("29 latency samples, its baseline 30"));
  }
  SECTION("a sample of zero") {
    result.plans[1].nanoseconds[3] = 0;
    CHECK_THROWS_AS(f.store.record_latency(f.id, f.sweep, result), StoreError);
  }
  SECTION("a plan that is not in the database") {
    result.plans[1].plan_hash = "unknown";
    CHECK_THROWS_AS(f.store.record_latency(f.id, f.sweep, result), StoreError);
  }
  CHECK(query_text(f.store, "SELECT count(*) FROM latency_groups") == "0");
}

TEST_CASE("a latency failure is shown until the plan is measured") {
  Fixture f;
  const std::string plan = f.sweep.variants[1].plan_hash;
  f.store.record_latency_failure(f.id, f.sweep, plan, 1, 128, 1, {"crash", "signal 6", "log"});
  CHECK(f.store.has_latency_failure(f.sweep, plan, 1, 128, 1));
  CHECK_FALSE(f.store.has_latency_failure(f.sweep, plan, 8, 128, 1));
  CHECK(query_text(f.store, "SELECT plan || kind || batch FROM v_failures") == "hero-110010crash1");
  f.store.record_latency(f.id, f.sweep, latency_of(f.sweep, {0, 1}, 1));
  CHECK_FALSE(f.store.has_latency_failure(f.sweep, plan, 1, 128, 1));
  CHECK(query_text(f.store, "SELECT count(*) FROM v_failures") == "0");
}
