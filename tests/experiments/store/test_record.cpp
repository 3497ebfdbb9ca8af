#include <cmath>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "tests/catch.h"
#include "tests/experiments/store/synthetic_sweep.h"

using namespace herosweep;
using namespace herosweep::test;
using store::Store;
using store::TrialState;

namespace {

struct Fixture {
  TemporaryFolder folder;
  sweep::Sweep sweep = small_sweep();
  nlohmann::json environment = nlohmann::json::parse(environment_text());
  Store store{folder / "some.db", Store::Mode::read_write};
  int64_t id = store.begin_sweep(sweep, environment);

  void record(int variant) {
    store.record_accuracy(id, trials_of(sweep, variant), sweep.variants[variant].plan_hash,
                          accuracy_of(sweep, variant));
  }
};

}  // namespace

TEST_CASE("a sweep's plans, layers, tasks and trials are written before anything runs") {
  Fixture f;
  CHECK(query_text(f.store, "SELECT count(*) FROM trials WHERE state = 'planned'") == "8");
  CHECK(query_text(f.store, "SELECT count(*) FROM sweep_plans") == "4");
  // M1: INT8 embedding, QKV and FC1, 2 layers of 5 modules and one embedding.
  const std::string m1 = f.sweep.variants[1].plan_hash;
  const std::string layers = "SELECT count(*) FROM plan_layers WHERE plan_hash = '" + m1 + "'";
  CHECK(query_text(f.store, layers) == "11");
  CHECK(query_text(f.store, layers + " AND scheme = 'int8'") == "5");
  CHECK(query_text(f.store, "SELECT plan_hash FROM plans WHERE is_fp16") ==
        f.sweep.variants[0].plan_hash);
  CHECK(query_text(f.store, "SELECT metric FROM sweep_tasks WHERE task = 'regression'") ==
        "spearman");
  CHECK(query_text(f.store, "SELECT identity FROM trials WHERE trial_hash = '" +
                                f.sweep.trials[0].trial_hash + "'") ==
        f.sweep.trials[0].identity_text);
}

TEST_CASE("beginning the same sweep again keeps what is done") {
  Fixture f;
  f.record(1);
  CHECK(f.store.begin_sweep(f.sweep, f.environment) == f.id);
  CHECK(query_text(f.store, "SELECT count(*) FROM sweep_trials") == "8");
  CHECK(f.store.state(f.sweep.trials[2].trial_hash) == TrialState::done);
  CHECK(query_text(f.store, "SELECT count(*) FROM environment") == "1");
}

TEST_CASE("another config under the same name shares trials and takes the name's views") {
  Fixture f;
  f.record(0);
  sweep::Sweep fewer = f.sweep;
  fewer.config_text += "# fewer plans\n";
  fewer.variants.resize(2);
  fewer.trials.resize(4);
  const int64_t second = f.store.begin_sweep(fewer, f.environment);
  CHECK(second != f.id);
  CHECK(query_text(f.store, "SELECT count(*) FROM trials") == "8");
  CHECK(query_text(f.store, "SELECT count(*) FROM v_results") == "2");
  CHECK(query_text(f.store, "SELECT DISTINCT sweep_id FROM v_results") == std::to_string(second));
  f.store.begin_sweep(f.sweep, f.environment);
  CHECK(query_text(f.store, "SELECT DISTINCT sweep_id FROM v_results") == std::to_string(f.id));
}

TEST_CASE("an accuracy pass is recorded with all its tasks") {
  Fixture f;
  f.store.mark_running(trials_of(f.sweep, 1));
  CHECK(f.store.state(f.sweep.trials[2].trial_hash) == TrialState::running);
  f.record(1);
  CHECK(f.store.state(f.sweep.trials[2].trial_hash) == TrialState::done);
  CHECK(f.store.state(f.sweep.trials[3].trial_hash) == TrialState::done);
  CHECK(query_text(f.store, "SELECT attempts FROM trials WHERE state = 'done'") == "1");

  const auto expected = accuracy_of(f.sweep, 1);
  SQLite::Statement row(f.store.database(),
                        "SELECT value, ci_low, n, flips, drift, cosine, execution, device, "
                        "weight_bytes FROM v_results WHERE task = 'binary'");
  REQUIRE(row.executeStep());
  CHECK(row.getColumn(0).getDouble() == expected.tasks[0].value);
  CHECK(row.getColumn(1).getDouble() == expected.tasks[0].interval.low);
  CHECK(row.getColumn(2).getInt() == 643);
  CHECK(row.getColumn(3).getInt64() == expected.tasks[0].flips);
  CHECK(row.getColumn(4).getDouble() == expected.tasks[0].drift);
  CHECK(row.getColumn(5).getDouble() == expected.tasks[0].cosine);
  CHECK(row.getColumn(6).getString() == "integer");
  CHECK(row.getColumn(7).getString() == "Example CPU 9000");
  CHECK(row.getColumn(8).getInt64() == expected.weight_bytes);
  CHECK(query_text(f.store, "SELECT flips IS NULL FROM v_results WHERE task = 'regression'") ==
        "1");
  CHECK(query_text(f.store, "SELECT count(*) FROM module_error") == "2");
  CHECK(query_text(f.store, "SELECT site || at_limit FROM saturation") == "gelu3");

  const tasks::Outcomes outcomes = f.store.outcomes(f.sweep.trials[2].trial_hash);
  CHECK(outcomes.prediction == expected.tasks[0].outcomes.prediction);
  CHECK(outcomes.label == expected.tasks[0].outcomes.label);
  CHECK_THROWS_WITH(f.store.outcomes(f.sweep.trials[0].trial_hash),
                    ContainsSubstring("no outcomes"));
}

TEST_CASE("recording a trial again replaces its result") {
  Fixture f;
  f.record(1);
  auto result = accuracy_of(f.sweep, 1);
  result.tasks[0].value = .5;
  result.tasks[0].drift = std::nan("");
  result.weight_bytes = 77;
  f.store.record_accuracy(f.id, trials_of(f.sweep, 1), f.sweep.variants[1].plan_hash, result);
  CHECK(query_text(f.store, "SELECT value FROM v_results WHERE task = 'binary'") == "0.5");
  CHECK(query_text(f.store, "SELECT drift IS NULL FROM v_results WHERE task = 'binary'") == "1");
  CHECK(query_text(f.store, "SELECT count(*) FROM v_results") == "2");
  CHECK(query_text(f.store, "SELECT group_concat(weight_bytes) FROM v_memory") == "77");
}

TEST_CASE("a pass that cannot be recorded leaves nothing behind") {
  Fixture f;
  auto result = accuracy_of(f.sweep, 1);
  auto hashes = trials_of(f.sweep, 1);
  SECTION("a value that is not a number") {
    result.tasks[1].value = std::nan("");
    CHECK_THROWS_WITH(f.store.record_accuracy(f.id, hashes, f.sweep.variants[1].plan_hash, result),
                      ContainsSubstring("task regression"));
  }
  SECTION("a trial that was never planned") {
    hashes[1] = "unknown";
    CHECK_THROWS_AS(f.store.record_accuracy(f.id, hashes, f.sweep.variants[1].plan_hash, result),
                    StoreError);
  }
  SECTION("fewer trials than tasks") {
    hashes.pop_back();
    CHECK_THROWS_AS(f.store.record_accuracy(f.id, hashes, f.sweep.variants[1].plan_hash, result),
                    StoreError);
  }
  CHECK(query_text(f.store, "SELECT count(*) FROM passes") == "0");
  CHECK(query_text(f.store, "SELECT count(*) FROM accuracy") == "0");
  CHECK(f.store.state(f.sweep.trials[2].trial_hash) == TrialState::planned);
}

TEST_CASE("a failure is shown until the trial succeeds") {
  Fixture f;
  const std::string trial = f.sweep.trials[2].trial_hash;
  f.store.mark_running({trial});
  f.store.record_failure(trial, {"crash", "signal 11", "last words"});
  CHECK(f.store.state(trial) == TrialState::failed);
  f.store.record_failure(trial, {"timeout", "600 s", ""});
  CHECK(query_text(f.store, "SELECT count(*) FROM v_failures") == "1");
  CHECK(query_text(f.store, "SELECT sweep || task || kind || scope FROM v_failures") ==
        "smallbinarytimeoutaccuracy");
  f.record(1);
  CHECK(query_text(f.store, "SELECT count(*) FROM v_failures") == "0");
  CHECK(query_text(f.store, "SELECT count(*) FROM failures") == "2");
}

TEST_CASE("an interrupted trial is planned again and is no failure") {
  Fixture f;
  const std::string trial = f.sweep.trials[2].trial_hash;
  f.store.mark_running({trial});
  f.store.record_failure(trial, {"interrupted", "", ""});
  CHECK(f.store.state(trial) == TrialState::planned);
  CHECK(query_text(f.store, "SELECT count(*) FROM failures") == "0");
}

TEST_CASE("unknown trials are refused") {
  Fixture f;
  CHECK_THROWS_WITH(f.store.state("nobody"), ContainsSubstring("not planned"));
  CHECK_THROWS_WITH(f.store.record_failure("nobody", {"oom", "", ""}),
                    ContainsSubstring("not planned"));
}
