#include <sys/wait.h>
#include <unistd.h>

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
  Store store{folder / "some.db", Store::Mode::read_write};
  Fixture() { store.begin_sweep(sweep, nlohmann::json::parse(environment_text())); }
  std::string trial() const { return sweep.trials[0].trial_hash; }
};

}  // namespace

TEST_CASE("a second runner is refused while the first one lives") {
  Fixture f;
  f.store.claim_runner();
  f.store.claim_runner();  // one's own claim may be renewed
  f.store.mark_running({f.trial()});
  Store second(f.folder / "some.db", Store::Mode::read_write);
  CHECK_THROWS_WITH(second.claim_runner(),
                    ContainsSubstring("process " + std::to_string(getpid())));
  CHECK(f.store.state(f.trial()) == TrialState::running);
  f.store.release_runner();
  second.claim_runner();
  CHECK(f.store.state(f.trial()) == TrialState::planned);
}

TEST_CASE("a killed runner's claim and running rows are taken over at once") {
  Fixture f;
  const pid_t child = fork();
  if (child == 0) {
    Store runner(f.folder / "some.db", Store::Mode::read_write);
    runner.claim_runner();
    runner.mark_running({f.trial()});
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  CHECK(f.store.state(f.trial()) == TrialState::running);
  f.store.claim_runner();
  CHECK(f.store.state(f.trial()) == TrialState::planned);
  CHECK(query_text(f.store, "SELECT attempts FROM trials WHERE trial_hash = '" + f.trial() + "'") ==
        "1");
}

TEST_CASE("a claim is stale when its process number belongs to another process") {
  Fixture f;
  f.store.claim_runner();
  f.store.database().exec("UPDATE runner SET process_start = process_start - 5");
  Store second(f.folder / "some.db", Store::Mode::read_write);
  second.claim_runner();
  CHECK_THROWS_WITH(f.store.heartbeat(), ContainsSubstring("took the database over"));
}

TEST_CASE("a claim from another machine lives by its heartbeat") {
  Fixture f;
  f.store.claim_runner();
  f.store.database().exec("UPDATE runner SET host = 'elsewhere', boot_id = 'other'");
  Store second(f.folder / "some.db", Store::Mode::read_write);
  CHECK_THROWS_WITH(second.claim_runner(), ContainsSubstring("elsewhere"));
  f.store.database().exec("UPDATE runner SET heartbeat = heartbeat - 61");
  second.claim_runner();
}

TEST_CASE("heartbeats renew the claim") {
  Fixture f;
  CHECK_THROWS_AS(f.store.heartbeat(), StoreError);
  f.store.claim_runner();
  f.store.database().exec("UPDATE runner SET heartbeat = 1000");
  f.store.heartbeat();
  CHECK(query_text(f.store, "SELECT heartbeat > 1e9 FROM runner") == "1");
}

TEST_CASE("closing the store gives the claim back") {
  Fixture f;
  {
    Store runner(f.folder / "some.db", Store::Mode::read_write);
    runner.claim_runner();
  }
  CHECK(query_text(f.store, "SELECT count(*) FROM runner") == "0");
}
