#include "core/util/error.h"
#include "experiments/sweep/peer.h"
#include "tests/catch.h"

using namespace herosweep;
using sweep::Peer;

namespace {

Peer some_peer() {
  Peer peer("other");
  peer.command = {"sh", "-c", "run {model} b{batch}x{seq_len} {threads}", "{backend}"};
  peer.check = {"sh", "-c", "echo other 1.0"};
  peer.where = "sweep.yaml:7:3: latency.baselines[1]";
  return peer;
}

}  // namespace

TEST_CASE("placeholders of a peer's command stand for its group") {
  CHECK(sweep::filled_in(some_peer(), {"models/tiny", "cpu", 8, 128, 2}) ==
        std::vector<std::string>{"sh", "-c", "run models/tiny b8x128 2", "cpu"});
  // What stands in a random model's description is no placeholder.
  CHECK(sweep::filled_in(some_peer(), {"random:{batch}", "cpu", 8, 128, 2})[2] ==
        "run random:{batch} b8x128 2");
}

TEST_CASE("a peer's identity is its command and version, not the place of its files") {
  const Peer peer = sweep::resolved(some_peer());
  CHECK(peer.version == "other 1.0");
  Peer newer = some_peer();
  newer.check = {"sh", "-c", "echo other 1.1"};
  CHECK(sweep::resolved(newer).plan_hash != peer.plan_hash);
  Peer here = some_peer(), there = some_peer();
  here.command[0] = "/bin/sh";
  there.command[0] = "/bin/../bin/sh";
  CHECK(sweep::resolved(here).plan_hash == sweep::resolved(there).plan_hash);
}

TEST_CASE("a peer whose check fails is refused with its own words and its place") {
  Peer peer = some_peer();
  peer.check = {"sh", "-c", "echo install other-engine >&2; exit 1"};
  CHECK_THROWS_WITH(sweep::resolved(peer),
                    "sweep.yaml:7:3: latency.baselines[1]: other cannot run here: install "
                    "other-engine");
  CHECK_THROWS_AS(sweep::resolved(peer), EnvironmentError);
}
