#include "core/util/error.h"
#include "experiments/store/blob.h"
#include "tests/catch.h"

using namespace herosweep;
using namespace herosweep::store;

TEST_CASE("outcomes come back from their bytes as they were") {
  const size_t examples = GENERATE(0, 1, 643);
  tasks::Outcomes outcomes;
  for (size_t i = 0; i < examples; ++i) {
    outcomes.prediction.push_back(static_cast<float>(i % 3));
    outcomes.decision.push_back(static_cast<float>(i) * -.37f);
    outcomes.label.push_back(1e30f / static_cast<float>(i + 1));
  }
  const tasks::Outcomes back = unpack_outcomes(pack_outcomes(outcomes));
  CHECK(back.prediction == outcomes.prediction);
  CHECK(back.decision == outcomes.decision);
  CHECK(back.label == outcomes.label);
}

TEST_CASE("damaged outcomes are refused") {
  const PackedOutcomes good = pack_outcomes({{0, 1, 1}, {-.5f, .2f, .9f}, {0, 1, 0}});
  PackedOutcomes bad = good;
  SECTION("a flipped byte") { bad.data[bad.data.size() / 2] ^= 0x10; }
  SECTION("a cut stream") { bad.data.resize(bad.data.size() - 3); }
  SECTION("no bytes at all") { bad.data.clear(); }
  SECTION("another checksum") { bad.crc32 ^= 1; }
  SECTION("fewer examples than stored") { bad.examples = 2; }
  SECTION("more examples than stored") { bad.examples = 4; }
  SECTION("a negative number of examples") { bad.examples = -1; }
  SECTION("more examples than memory") { bad.examples = int64_t{1} << 60; }
  CHECK_THROWS_AS(unpack_outcomes(bad), StoreError);
}

TEST_CASE("outcomes of unequal lengths are refused") {
  CHECK_THROWS_WITH(pack_outcomes({{0, 1}, {.5f}, {0, 1}}),
                    ContainsSubstring("2 predictions, 1 decisions and 2 labels"));
}

TEST_CASE("latency samples are stored as little-endian 64-bit integers") {
  const std::string bytes = pack_int64({1, 0x0203, int64_t{1} << 40});
  REQUIRE(bytes.size() == 24);
  CHECK(bytes.substr(0, 8) == std::string("\1\0\0\0\0\0\0\0", 8));
  CHECK(bytes.substr(8, 8) == std::string("\3\2\0\0\0\0\0\0", 8));
  CHECK(unpack_int64(bytes.data(), bytes.size()) ==
        std::vector<int64_t>{1, 0x0203, int64_t{1} << 40});
  CHECK_THROWS_AS(unpack_int64(bytes.data(), 23), StoreError);
}
