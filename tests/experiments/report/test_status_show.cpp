#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/report.h"
#include "tests/catch.h"
#include "tests/experiments/report/golden.h"

using namespace herosweep;
using namespace herosweep::report;
using namespace herosweep::test;

namespace {

struct PartlyDone {
  TemporaryFolder folder;
  sweep::Sweep sweep = small_sweep();
  store::Store store{folder / "some.db", store::Store::Mode::read_write};
  PartlyDone() {
    const int64_t id = store.begin_sweep(sweep, nlohmann::json::parse(environment_text()));
    for (const int variant : {0, 1})
      store.record_accuracy(id, trials_of(sweep, variant), sweep.variants[variant].plan_hash,
                            accuracy_of(sweep, variant));
    store.record_latency(id, sweep, latency_of(sweep, {0, 1}, 1));
    store.mark_running({sweep.trials[4].trial_hash});
    store.record_failure(sweep.trials[5].trial_hash, {"crash", "signal 11\nmore", "log"});
    store.record_latency_failure(id, sweep, sweep.variants[2].plan_hash, 1, 128, 1,
                                 {"timeout", "600 s", ""});
  }
};

}  // namespace

TEST_CASE("status counts trials and latencies and names failures") {
  PartlyDone f;
  f.store.claim_runner();
  f.store.mark_running({f.sweep.trials[4].trial_hash});
  const std::string text = status_text(f.store);
  CHECK_THAT(text, ContainsSubstring("Running: process "));
  CHECK_THAT(text, ContainsSubstring("4 of 8 trials done, 1 running, 1 failed"));
  CHECK_THAT(text,
             ContainsSubstring("batch 1, 128 tokens, 1 thread: 2 of 4 plans measured, 1 failed"));
  CHECK_THAT(text, ContainsSubstring("batch 8, 128 tokens, 1 thread: 0 of 4 plans measured\n"));
  CHECK_THAT(text, ContainsSubstring("regression: crash: signal 11 ["));
  CHECK_THAT(text, ContainsSubstring("latency at batch 1, 128 tokens, 1 thread: timeout: 600 s"));

  const auto json = nlohmann::json::parse(status_json(f.store));
  CHECK(json["runner"]["pid"].is_number());
  const auto& sweep = json["sweeps"][0];
  CHECK(sweep["done"] == 4);
  CHECK(sweep["running"] == 1);
  CHECK(sweep["latency"][0]["measured"] == 2);
  CHECK(sweep["failures"].size() == 2);
}

TEST_CASE("status of an empty database says how to begin") {
  const TemporaryFolder folder;
  store::Store store(folder / "some.db", store::Store::Mode::read_write);
  CHECK_THAT(status_text(store), ContainsSubstring("herosweep run CONFIG"));
}

TEST_CASE("show tells all about one trial, by the beginning of its hash") {
  PartlyDone f;
  const std::string hash = f.sweep.trials[2].trial_hash;
  const std::string text = show_text(f.store, hash.substr(0, 12));
  CHECK_THAT(text, ContainsSubstring("Trial " + hash));
  CHECK_THAT(text, ContainsSubstring("on binary, sweep small"));
  CHECK_THAT(text, ContainsSubstring("once         embedding int8"));
  CHECK_THAT(text, ContainsSubstring("layers 0-1   qkv int8, attention fp16, "));
  CHECK_THAT(text, ContainsSubstring("metric accuracy, value 0.9"));
  CHECK_THAT(text, ContainsSubstring("calibration_rows 1600"));
  CHECK_THAT(text, ContainsSubstring("site gelu"));
  CHECK_THAT(text, ContainsSubstring("batch 1, seq_len 128"));

  const auto json = nlohmann::json::parse(show_json(f.store, hash));
  CHECK(json["state"] == "done");
  CHECK(json["module_error"].size() == 2);
  CHECK(json["identity"]["task"] == "binary");
}

TEST_CASE("show of a failed trial carries the log") {
  PartlyDone f;
  const std::string text = show_text(f.store, f.sweep.trials[5].trial_hash);
  CHECK_THAT(text, ContainsSubstring("failed, 0 attempts"));
  CHECK_THAT(text, ContainsSubstring("kind crash"));
  CHECK_THAT(text, ContainsSubstring("log_tail log"));
}

TEST_CASE("show refuses what names no trial or several") {
  PartlyDone f;
  CHECK_THROWS_WITH(show_text(f.store, "zzz"), ContainsSubstring("no trial starts with 'zzz'"));
  CHECK_THROWS_WITH(show_text(f.store, "%"), ContainsSubstring("no trial"));
  CHECK_THROWS_WITH(show_text(f.store, "hero-110010"),
                    ContainsSubstring("several trials") && ContainsSubstring("M1 on regression"));
}
