#include <algorithm>
#include <random>

#include "core/util/error.h"
#include "experiments/report/pareto.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

/// Share of the unit box that the points dominate, by counting a grid.
double counted_volume(const Coordinates& points, int cells) {
  const size_t dimensions = points[0].size();
  int64_t dominated = 0, total = 1;
  for (size_t d = 0; d < dimensions; ++d) total *= cells;
  for (int64_t cell = 0; cell < total; ++cell) {
    std::vector<double> x(dimensions);
    int64_t rest = cell;
    for (double& v : x) {
      v = (static_cast<double>(rest % cells) + .5) / cells;
      rest /= cells;
    }
    dominated += std::any_of(points.begin(), points.end(), [&](const auto& p) {
      return std::equal(p.begin(), p.end(), x.begin(), [](double a, double b) { return a <= b; });
    });
  }
  return static_cast<double>(dominated) / static_cast<double>(total);
}

Coordinates random_points(size_t count, size_t dimensions, unsigned seed) {
  std::mt19937 generator(seed);
  Coordinates points(count, std::vector<double>(dimensions));
  for (auto& point : points)
    for (double& v : point) v = static_cast<double>(generator() % 1001) / 1000;
  // The corners pin the box to [0, 1], so that a grid over it can be counted.
  points.push_back(std::vector<double>(dimensions, 1.0));
  for (size_t d = 0; d < dimensions; ++d) {
    points.push_back(std::vector<double>(dimensions, 1.0));
    points.back()[d] = 0;
  }
  return points;
}

}  // namespace

TEST_CASE("a front holds the points that none dominates, equal ones all") {
  CHECK(front({}).empty());
  CHECK(front({{3, 4}}) == std::vector<int>{0});
  CHECK(front({{1, 4}, {2, 2}, {3, 3}, {4, 1}, {2, 2}}) == std::vector<int>{0, 1, 3, 4});
  CHECK(front({{1, 1}, {1, 2}, {2, 1}}) == std::vector<int>{0});
  CHECK(front({{1, 9, 9}, {9, 1, 9}, {9, 9, 1}, {9, 9, 2}}) == std::vector<int>{0, 1, 2});
}

TEST_CASE("the knee is the point farthest from the chord between the extremes") {
  CHECK(knee({{0, 10}, {10, 0}}, {0, 1}) == -1);
  const Coordinates points{{0, 10}, {1, 2}, {5, 1}, {10, 0}, {8, 8}};
  CHECK(knee(points, {0, 1, 2, 3}) == 1);
  // Units do not matter.
  Coordinates scaled = points;
  for (auto& p : scaled) p[0] = p[0] * 1e6 - 3;
  CHECK(knee(scaled, {0, 1, 2, 3}) == 1);
  // A front that bulges the other way has no knee.
  CHECK(knee({{0, 10}, {9, 9}, {10, 0}}, {0, 1, 2}) == -1);
}

TEST_CASE("hypervolume is the dominated share of the box of all points") {
  CHECK(hypervolume({}, {}) == 0);
  CHECK(hypervolume({{1, 1}}, {0}) == 0);
  CHECK(hypervolume({{0, 1}, {1, 0}}, {0, 1}) == Approx(0));
  CHECK(hypervolume({{0, 0}, {1, 1}}, {0}) == Approx(1));
  CHECK(hypervolume({{0, 1}, {.5, .5}, {1, 0}}, {0, 1, 2}) == Approx(.25));
  for (const unsigned seed : {1u, 2u, 3u}) {
    const Coordinates flat = random_points(12, 2, seed);
    CHECK(hypervolume(flat, front(flat)) == Approx(counted_volume(flat, 500)).margin(.01));
    const Coordinates solid = random_points(12, 3, seed);
    CHECK(hypervolume(solid, front(solid)) == Approx(counted_volume(solid, 80)).margin(.02));
  }
}

TEST_CASE("hypervolume over plans grows to that of the front") {
  const Coordinates points{{1, 0}, {.5, .5}, {.8, .8}, {0, 1}, {.25, .5}};
  CHECK(hypervolume_history(points) == std::vector<double>{0, .25, .25, .25, .375});
  const Coordinates many = random_points(30, 3, 4);
  const auto history = hypervolume_history(many);
  CHECK(std::is_sorted(history.begin(), history.end()));
  CHECK(history.back() == Approx(hypervolume(many, front(many))));
  CHECK(hypervolume_history({}).empty());
}

TEST_CASE("fronts agree with the database's view") {
  FilledStore f(full_sweep());
  const Snapshot s = load_snapshot(f.store, {});
  for (const TaskInfo& task : s.tasks)
    for (const GroupKey& group : s.groups) {
      const TaskFronts fronts = task_fronts(s, task, &group, {"value", "latency"});
      REQUIRE(fronts.fronts.size() == 2);
      CHECK(fronts.fronts[0].name == task.metric);
      CHECK(fronts.fronts[1].name == "drift");
      CHECK(std::to_string(fronts.fronts[0].front.size()) ==
            query_text(f.store, "SELECT count(*) FROM v_pareto WHERE on_front AND task = '" +
                                    task.name + "' AND batch = " + std::to_string(group.batch)));
      for (const int i : fronts.fronts[0].front)
        CHECK(query_text(f.store, "SELECT on_front FROM v_pareto WHERE task = '" + task.name +
                                      "' AND batch = " + std::to_string(group.batch) +
                                      " AND plan_hash = '" + fronts.points[i].result->plan_hash +
                                      "'") == "1");
    }
}

TEST_CASE("fronts over other metrics") {
  FilledStore f(full_sweep());
  const Snapshot s = load_snapshot(f.store, {});
  const GroupKey group = s.groups[0];
  const TaskFronts three = task_fronts(s, s.tasks[0], &group, {"drift", "latency", "weight_bytes"});
  REQUIRE(three.fronts.size() == 1);
  CHECK(three.fronts[0].name == "drift");
  CHECK(three.fronts[0].hypervolume > 0);
  // Without latency the simulated plan takes part: 70 plans and not 69.
  CHECK(task_fronts(s, s.tasks[0], nullptr, {"drift", "weight_bytes"}).points.size() == 70);
  CHECK(three.points.size() == 69);
  CHECK(needs_latency({"value", "ratio"}));
  CHECK_FALSE(needs_latency({"value", "weight_bytes"}));
  // Regression has no flips, so no plan can take part.
  CHECK(task_fronts(s, s.tasks[1], &group, {"flips", "latency"}).points.empty());
}

TEST_CASE("illegal metrics are refused by name") {
  const Snapshot s;
  const TaskInfo task{"binary", "accuracy"};
  CHECK_THROWS_WITH(task_fronts(s, task, nullptr, {"value", "speed"}),
                    ContainsSubstring("no metric 'speed'") && ContainsSubstring("weight_bytes"));
  CHECK_THROWS_WITH(task_fronts(s, task, nullptr, {"value"}), ContainsSubstring("not 1"));
  CHECK_THROWS_WITH(task_fronts(s, task, nullptr, {"value", "value"}), ContainsSubstring("twice"));
  CHECK_THROWS_AS(needs_latency({"a", "b", "c", "d"}), ConfigError);
}

TEST_CASE("best plans within a budget") {
  ResultRow fp16, good, poor;
  fp16.is_fp16 = true;
  fp16.value = .9020;
  good.value = .8970;
  poor.value = .8900;
  LatencyRow slow, quick, quickest;
  slow.median_ms = 8;
  quick.median_ms = 5;
  quickest.median_ms = 4;
  const std::vector<ParetoPoint> plans{{&fp16, &slow, nullptr},
                                       {&good, &quick, nullptr},
                                       {&poor, &quickest, nullptr},
                                       {&poor, nullptr, nullptr}};
  CHECK(fastest_within(plans, .5)->result == &good);
  CHECK(fastest_within(plans, .4)->result == &fp16);
  CHECK(fastest_within(plans, 2)->result == &poor);
  CHECK(fastest_within({plans[1]}, .5) == nullptr);
  CHECK(best_within(plans, 5)->result == &good);
  CHECK(best_within(plans, 4.5)->result == &poor);
  CHECK(best_within(plans, 3) == nullptr);
}
