// A database with flipped bytes, as a failing disk or a copy of a live file leaves it: every call
// gives an answer or a StoreError, never another exception and never a crash.
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>

#include "core/util/error.h"
#include "tests/catch.h"
#include "tests/experiments/store/synthetic_sweep.h"

using namespace herosweep;
using namespace herosweep::test;
using store::Store;

namespace {

std::string whole_database(const std::filesystem::path& file, const sweep::Sweep& sweep) {
  {
    Store store(file, Store::Mode::read_write);
    const int64_t id = store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
    for (int v = 0; v < static_cast<int>(sweep.variants.size()); ++v)
      store.record_accuracy(id, trials_of(sweep, v), sweep.variants[v].plan_hash,
                            accuracy_of(sweep, v));
    store.record_latency(id, sweep, latency_of(sweep, measurable_variants(sweep), 1));
  }  // closing moves everything from the -wal file into this one
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// One to eight places overwritten, the first page as often as all others together.
std::string damaged(std::string bytes, std::mt19937& random) {
  constexpr size_t kPage = 4096;
  for (unsigned places = 1 + random() % 8; places > 0; --places) {
    const size_t end = random() % 2 == 0 ? kPage : bytes.size();
    bytes[random() % end] = static_cast<char>(random());
  }
  return bytes;
}

/// Whether everything could be read; StoreErrors are answers.
bool read_everything(const std::filesystem::path& file, const sweep::Sweep& sweep) {
  try {
    Store store(file, Store::Mode::read_only);
    for (const sweep::TrialRef& trial : sweep.trials) {
      store.state(trial.trial_hash);
      store.outcomes(trial.trial_hash);
    }
    for (const sweep::Variant& variant : sweep.variants) store.latency_ns(1, variant.plan_hash);
    return true;
  } catch (const StoreError& error) {
    CHECK_FALSE(std::string(error.what()).empty());
    return false;
  }
}

void write_something(const std::filesystem::path& file, const sweep::Sweep& sweep) {
  try {
    Store store(file, Store::Mode::read_write);
    store.claim_runner();
    store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
    store.mark_running({sweep.trials[0].trial_hash});
    store.record_failure(sweep.trials[0].trial_hash, {"crash", "signal 11", ""});
    store.release_runner();
  } catch (const StoreError& error) {
    CHECK_FALSE(std::string(error.what()).empty());
  }
}

}  // namespace

TEST_CASE("a damaged database gives answers or StoreErrors") {
  const TemporaryFolder folder;
  const auto file = folder / "damaged.db";
  const sweep::Sweep sweep = small_sweep();
  const std::string whole = whole_database(folder / "whole.db", sweep);
  std::mt19937 random(1);
  int unreadable = 0;
  for (int round = 0; round < 100; ++round) {
    INFO("round " << round);
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
    std::ofstream(file, std::ios::binary) << damaged(whole, random);
    unreadable += !read_everything(file, sweep);
    write_something(file, sweep);
  }
  // Some of the damage must have been met for this to mean anything.
  CHECK(unreadable > 10);
}
