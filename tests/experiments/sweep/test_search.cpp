#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>

#include "experiments/stats/front.h"
#include "experiments/sweep/search.h"
#include "tests/catch.h"
#include "tests/experiments/stats/golden_json.h"

using namespace herosweep;
using namespace herosweep::sweep;

namespace {

using Landscape = std::function<Evaluation(const Genome&)>;
using Points = std::vector<std::vector<double>>;

GeneSpace binary_space(int genes) { return {std::vector<int>(static_cast<size_t>(genes), 2), {}}; }

/// Runs a search to its end or until `trials` genomes were evaluated; all of them, in order.
std::vector<Genome> run(const SearchSettings& settings, const GeneSpace& space,
                        const Landscape& landscape, Evaluations& known) {
  const auto searcher = make_searcher(settings, space);
  std::vector<Genome> order;
  while (static_cast<int>(order.size()) < settings.trials) {
    std::vector<Genome> batch = searcher->propose(known);
    if (batch.empty()) break;
    batch.resize(std::min(batch.size(), static_cast<size_t>(settings.trials) - order.size()));
    for (const Genome& genome : batch) {
      CHECK(known.emplace(genome, landscape(genome)).second);
      CHECK(space.allows(genome));
      order.push_back(genome);
    }
  }
  return order;
}

Points points_of(const Evaluations& known) {
  Points points;
  for (const auto& [genome, evaluation] : known) points.push_back(evaluation.objectives);
  return points;
}

Points front_of(const Points& points) {
  Points front;
  for (const auto& p : points)
    if (std::none_of(points.begin(), points.end(),
                     [&](const auto& q) { return stats::dominates(q, p); }))
      front.push_back(p);
  std::sort(front.begin(), front.end());
  return front;
}

/// Area that the points dominate in the unit square.
double hypervolume(Points points) {
  std::sort(points.begin(), points.end());
  double area = 0, ceiling = 1;
  for (const auto& p : points) {
    if (p[1] >= ceiling) continue;
    area += (1 - p[0]) * (ceiling - p[1]);
    ceiling = p[1];
  }
  return area;
}

double squares(const Genome& g) {
  double sum = 0;
  for (size_t i = 0; i < g.size(); ++i) {
    const double loss = static_cast<double>(7 * i % 11 + 1);
    sum += loss * loss * g[i];
    if (i + 1 < g.size()) sum += 2 * loss * g[i] * g[i + 1];
  }
  return sum;
}

/// The landscape of tests/golden/make_search_golden.py.
Evaluation synthetic(const Genome& g) {
  double gained = 0, all = 0;
  for (size_t i = 0; i < g.size(); ++i) {
    const double gain = static_cast<double>(5 * i % 13 + 1);
    gained += gain * g[i];
    all += gain;
  }
  return {{std::sqrt(squares(g) / squares(Genome(g.size(), 1))), 1 - 0.8 * gained / all}, 0};
}

/// The 64 plans: drift adds in squares, time nearly linearly, as measured plans behave.
Evaluation hero(const Genome& g) {
  constexpr double kDrift[] = {.004, .03, .02, .05, .06, .08};
  constexpr double kSaved[] = {.01, .10, .08, .04, .13, .15};
  double squares = 0, time = 1;
  for (size_t i = 0; i < g.size(); ++i) {
    squares += kDrift[i] * kDrift[i] * g[i];
    time -= kSaved[i] * g[i];
  }
  return {{std::sqrt(squares), time + .02 * g[2] * (1 - g[1])}, 0};
}

Evaluations every_plan(const Landscape& landscape) {
  Evaluations all;
  for (uint32_t bits = 0; bits < 64; ++bits) {
    Genome genome;
    for (int i = 0; i < 6; ++i) genome.push_back(bits >> i & 1);
    all.emplace(genome, landscape(genome));
  }
  return all;
}

SearchSettings settings_of(SearchKind kind, int trials, int population = 16, uint64_t seed = 0) {
  SearchSettings settings;
  settings.kind = kind;
  settings.trials = trials;
  settings.population = population;
  settings.seed = seed;
  return settings;
}

}  // namespace

TEST_CASE("NSGA-II finds the exact front of the 64 plans when it may look at all of them") {
  const Points exact = front_of(points_of(every_plan(hero)));
  Evaluations known;
  run(settings_of(SearchKind::nsga2, 1000, 8), binary_space(6), hero, known);
  CHECK(known.size() == 64);
  CHECK(front_of(points_of(known)) == exact);
}

TEST_CASE("NSGA-II is near the exact front after half of the 64 plans") {
  const double exact = hypervolume(points_of(every_plan(hero)));
  for (const uint64_t seed : {0, 1, 2, 3, 4}) {
    Evaluations known;
    run(settings_of(SearchKind::nsga2, 32, 8, seed), binary_space(6), hero, known);
    CHECK(known.size() == 32);
    CHECK(hypervolume(points_of(known)) > .98 * exact);
  }
}

TEST_CASE("the greedy path lies on or near the exact front of the 64 plans") {
  const double exact = hypervolume(points_of(every_plan(hero)));
  Evaluations known;
  const auto order = run(settings_of(SearchKind::greedy, 1000), binary_space(6), hero, known);
  // The start and 6 + 5 + 4 + 3 + 2 + 1 neighbours.
  CHECK(order.size() == 22);
  CHECK(order[0] == Genome(6, 0));
  CHECK(known.contains(Genome(6, 1)));
  CHECK(hypervolume(points_of(known)) > .98 * exact);
}

TEST_CASE("NSGA-II reaches Optuna's hypervolume on a synthetic landscape, and beats chance") {
  const auto golden = test::golden_json("search.json");
  for (const auto& example : golden.at("examples")) {
    const Evaluation e = synthetic(example.at("genome").get<Genome>());
    CHECK(e.objectives[0] == Approx(example.at("objectives")[0].get<double>()));
    CHECK(e.objectives[1] == Approx(example.at("objectives")[1].get<double>()));
  }
  const int seeds = golden.at("seeds");
  double sum = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    Evaluations known;
    run(settings_of(SearchKind::nsga2, golden.at("trials"), golden.at("population"),
                    static_cast<uint64_t>(seed)),
        binary_space(golden.at("genes")), synthetic, known);
    sum += hypervolume(points_of(known));
  }
  const double mean = sum / seeds;
  const auto bound = [&](const char* sampler, double errors) {
    const auto& s = golden.at(sampler);
    return s.at("mean").get<double>() +
           errors * s.at("standard_deviation").get<double>() / std::sqrt(seeds);
  };
  INFO("mean " << mean << ", Optuna's NSGA-II " << bound("nsga2", 0) << ", random "
               << bound("random", 0));
  CHECK(mean > bound("nsga2", -2));
  CHECK(mean > bound("random", 5));
}

TEST_CASE("a search repeats its way, whole or continued") {
  for (const SearchKind kind : {SearchKind::nsga2, SearchKind::greedy, SearchKind::sensitivity}) {
    Evaluations first, second, longer;
    const GeneSpace space = binary_space(12);
    const auto short_way = run(settings_of(kind, 30), space, synthetic, first);
    CHECK(run(settings_of(kind, 30), space, synthetic, second) == short_way);
    const auto long_way = run(settings_of(kind, 60), space, synthetic, longer);
    CHECK(std::equal(short_way.begin(), short_way.end(), long_way.begin()));
  }
  Evaluations a, b;
  CHECK(run(settings_of(SearchKind::nsga2, 40, 16, 1), binary_space(12), synthetic, a) !=
        run(settings_of(SearchKind::nsga2, 40, 16, 2), binary_space(12), synthetic, b));
}

TEST_CASE("sensitivity looks at every gene alone, both ways") {
  Evaluations known;
  const auto order = run(settings_of(SearchKind::sensitivity, 1000), binary_space(6), hero, known);
  CHECK(order.size() == 14);
  for (const Genome& genome : order) {
    const int high = std::accumulate(genome.begin(), genome.end(), 0);
    CHECK((high <= 1 || high >= 5));
  }
  // A gene of three choices is set to each of them.
  Evaluations three;
  const GeneSpace space{{3, 1, 2}, {}};
  const auto wide = run(settings_of(SearchKind::sensitivity, 1000), space, hero, three);
  CHECK(wide.size() == 6);
}

TEST_CASE("constraints and limits are kept") {
  GeneSpace space = binary_space(6);
  space.allowed = [](const Genome& g) { return g[0] == 0 || g[1] == 1; };
  for (const SearchKind kind : {SearchKind::nsga2, SearchKind::greedy, SearchKind::sensitivity}) {
    Evaluations known;
    run(settings_of(kind, 1000, 8), space, hero, known);  // checks that all are allowed
    CHECK(known.size() > 5);
    if (kind == SearchKind::nsga2) CHECK(known.size() == 48);
  }
  // Beyond the limit: more than three genes. Greedy stops there.
  const auto limited = [](const Genome& g) {
    Evaluation e = hero(g);
    e.violation = std::max(0, std::accumulate(g.begin(), g.end(), 0) - 3);
    return e;
  };
  Evaluations known;
  run(settings_of(SearchKind::greedy, 1000), binary_space(6), limited, known);
  for (const auto& [genome, evaluation] : known)
    CHECK(std::accumulate(genome.begin(), genome.end(), 0) <= 4);
  CHECK(known.size() == 1 + 6 + 5 + 4 + 3);
}

TEST_CASE("plans that fail lead a search nowhere and do not end it") {
  const auto fragile = [](const Genome& g) { return g[5] == 1 ? Evaluation{} : hero(g); };
  for (const SearchKind kind : {SearchKind::nsga2, SearchKind::greedy}) {
    Evaluations known;
    run(settings_of(kind, 1000, 8), binary_space(6), fragile, known);
    CHECK(known.contains(Genome{1, 1, 1, 1, 1, 0}));
  }
  Evaluations none;
  run(
      settings_of(SearchKind::nsga2, 30, 8), binary_space(6),
      [](const Genome&) { return Evaluation{}; }, none);
  CHECK(none.size() == 30);
}

TEST_CASE("the size of a space is counted up to a limit") {
  CHECK(binary_space(6).size(1000) == 64);
  CHECK(binary_space(60).size(1000) == 1000);
  CHECK(GeneSpace{{3, 1, 2}, {}}.size(100) == 6);
}
