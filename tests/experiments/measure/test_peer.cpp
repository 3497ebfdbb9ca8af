#include <csignal>

#include "core/util/error.h"
#include "experiments/measure/peer.h"
#include "tests/catch.h"
#include "tests/experiments/measure/temporary_folder.h"

using namespace herosweep;
using measure::PeerFailure;
using measure::PeerProcess;

namespace {

constexpr char kFakePeer[] = HEROSWEEP_SOURCE_DIR "/tests/experiments/measure/fake_peer.sh";
constexpr double kTimeout = 1.5;

struct Peer {
  explicit Peer(const std::string& behaviour)
      : process({kFakePeer, behaviour}, 3, kTimeout, folder / "log", [this] { ++waits; }) {
    std::signal(SIGPIPE, SIG_IGN);
  }
  test::TemporaryFolder folder;
  int waits = 0;
  PeerProcess process;
};

/// "kind: message" of the failure that comes after some good answers.
std::string failure_of(Peer& peer) {
  try {
    peer.process.wait_ready();
    for (int i = 0; i < 10; ++i) peer.process.run(2);
  } catch (const PeerFailure& failure) {
    return failure.kind + ": " + failure.what() + (failure.log_tail.empty() ? "" : " | ") +
           failure.log_tail;
  }
  return "none";
}

}  // namespace

TEST_CASE("a peer answers with as many latencies as it was asked for, with the threads it gets") {
  Peer peer("threads");
  peer.process.wait_ready();
  CHECK(peer.process.run(1) == std::vector<int64_t>{1000});
  CHECK(peer.process.run(3) == std::vector<int64_t>{1000, 1000, 1000});
  CHECK(measure::tail(peer.folder / "log", 100) == "3\n3\n");
}

TEST_CASE("whatever a peer does wrong is a failure with a kind") {
  Peer crash("crash"), garbage("garbage"), miser("miser"), babbler("babbler"), still("stillborn");
  CHECK_THAT(failure_of(crash), ContainsSubstring("crash: the peer's process ended: signal 11"));
  CHECK_THAT(failure_of(garbage),
             ContainsSubstring("error: the peer answered \"1000 fast\" to \"run 2\""));
  CHECK_THAT(failure_of(miser), ContainsSubstring("must answer 2 whole number(s)"));
  CHECK_THAT(failure_of(babbler), ContainsSubstring("must print \"ready\" first"));
  CHECK(failure_of(still) == "crash: the peer's process ended: exit status 4 | no such library\n");
}

TEST_CASE("a peer that says nothing is killed at its timeout, and is waited for audibly") {
  Peer mute("mute"), hang("hang");
  CHECK_THAT(failure_of(mute), ContainsSubstring("timeout: no answer after 1.5 s"));
  CHECK(mute.waits >= 2);
  CHECK_THAT(failure_of(hang), ContainsSubstring("timeout: no answer after 1.5 s"));
}

TEST_CASE("a peer that cannot be started fails") {
  test::TemporaryFolder folder;
  PeerProcess process({"/no/such/program"}, 1, kTimeout, folder / "log", [] {});
  CHECK_THROWS_AS(process.wait_ready(), PeerFailure);
}
