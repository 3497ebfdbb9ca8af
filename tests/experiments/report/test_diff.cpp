#include <nlohmann/json.hpp>

#include "experiments/report/diff.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

constexpr const char* kDevice = "Example CPU 9000";

/// A trial of `variant` with this identity in place of the stored one.
void set_identity(sweep::Sweep& sweep, size_t trial, const nlohmann::json& identity) {
  sweep.trials[trial].identity_text = identity.dump();
  sweep.trials[trial].trial_hash = sweep::canonical_hash(identity);
}

}  // namespace

TEST_CASE("an unchanged config has nothing to run") {
  FilledStore f(small_sweep());
  const SweepDiff d = diff(f.store, f.sweep, kDevice);
  CHECK(d.trials.total == 8);
  CHECK(d.trials.done == 8);
  CHECK(d.trials.groups.empty());
  CHECK(d.latencies.total == 8);
  CHECK(d.latencies.done == 8);
  CHECK(d.latencies.groups.empty());
  CHECK(d.dropped.empty());
}

TEST_CASE("a changed trial names the field that changed, a new one what is new") {
  FilledStore f(small_sweep());
  sweep::Sweep changed = f.sweep;
  for (const size_t t : {2, 3}) {
    nlohmann::json identity = changed.trials[t].identity();
    identity["calibration"]["observer"] = "mse";
    set_identity(changed, t, identity);
  }
  changed.variants[3].plan.name = "mine";
  set_identity(changed, 6, {{"plan", "other"}});
  changed.trials.pop_back();
  changed.latency.batch = {1, 64};
  const SweepDiff d = diff(f.store, changed, kDevice);
  CHECK(d.trials.done == 4);
  REQUIRE(d.trials.groups.size() == 2);
  CHECK(d.trials.groups[0].kind == DiffGroup::Kind::changed);
  CHECK(d.trials.groups[0].reasons ==
        std::vector<std::string>{"calibration.observer: none -> mse"});
  CHECK(d.trials.groups[0].members == std::vector<std::string>{"M1 on binary", "M1 on regression"});
  CHECK(d.trials.groups[1].kind == DiffGroup::Kind::added);
  CHECK(d.trials.groups[1].reasons == std::vector<std::string>{"plan mine"});
  CHECK(d.dropped.size() == 4);
  // A plan under another name is the same plan.
  CHECK(d.latencies.done == 4);
  REQUIRE(d.latencies.groups.size() == 2);
  CHECK(d.latencies.groups[0].members.size() == 3);
  CHECK(d.latencies.groups[0].reasons == std::vector<std::string>{"batch: 1 -> 64"});
  CHECK(d.latencies.groups[1].reasons == std::vector<std::string>{"plan mine"});
  check_golden(
      "diff.txt",
      diff_text(f.store, changed, kDevice)
          .replace(0, std::string("Sweep small against ").size() + f.store.file().string().size(),
                   "Sweep small against DB"));
  const auto json = nlohmann::json::parse(diff_json(f.store, changed, kDevice));
  CHECK(json.at("trials").at("groups")[0].at("kind") == "changed");
}

TEST_CASE("another device measures every latency again and no trial") {
  FilledStore f(small_sweep());
  const SweepDiff d = diff(f.store, f.sweep, "Other CPU");
  CHECK(d.trials.done == 8);
  CHECK(d.latencies.done == 0);
  REQUIRE(d.latencies.groups.size() == 1);
  CHECK(d.latencies.groups[0].reasons ==
        std::vector<std::string>{"device: Example CPU 9000 -> Other CPU"});
}

TEST_CASE("planned and failed trials are no changes") {
  sweep::Sweep sweep = small_sweep();
  TemporaryFolder folder;
  store::Store store(folder / "planned.db", store::Store::Mode::read_write);
  store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
  store.record_failure(sweep.trials[0].trial_hash, {"nan", "layer 3", ""});
  const SweepDiff d = diff(store, sweep, kDevice);
  CHECK(d.trials.done == 0);
  REQUIRE(d.trials.groups.size() == 2);
  CHECK(d.trials.groups[0].kind == DiffGroup::Kind::failed);
  CHECK(d.trials.groups[1].kind == DiffGroup::Kind::waiting);
  CHECK(d.trials.groups[1].members.size() == 7);
  CHECK(d.latencies.groups.at(0).kind == DiffGroup::Kind::added);
}

TEST_CASE("differences name every leaf, and cut hashes") {
  const nlohmann::json before{{"a", {{"b", 1}, {"c", {1, 2}}}}, {"h", std::string(64, 'a')}};
  const nlohmann::json after{{"a", {{"b", 2}, {"c", {1, 3}}}}, {"h", std::string(64, 'f')}};
  CHECK(differences(before, before).empty());
  CHECK(differences(before, after) == std::vector<std::string>{"a.b: 1 -> 2", "a.c.1: 2 -> 3",
                                                               "h: aaaaaaaaaaaa -> ffffffffffff"});
  CHECK(differences({{"x", 1}}, {{"y", 2}}) ==
        std::vector<std::string>{"y: none -> 2", "x: 1 -> none"});
}
