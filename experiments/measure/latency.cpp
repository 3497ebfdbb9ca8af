#include "experiments/measure/latency.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>
#include <optional>
#include <random>

#include "core/util/error.h"
#include "experiments/measure/calibrator.h"
#include "experiments/measure/clock.h"

namespace herosweep::measure {

namespace {

using Clock = std::chrono::steady_clock;

// Warm-up ends when the round takes no more than this above the fastest so far: allocations,
// page faults and clock ramps cost far more than that.
constexpr double kStableWithin = 1.1;
constexpr int kMostWarmupRounds = 8;

int64_t nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

double seconds_since(Clock::time_point start) { return 1e-9 * double(nanoseconds_since(start)); }

engine::Batch text_of(const LatencyJob& job, Resources& resources) {
  for (const auto& spec : job.calibration_tasks) {
    const auto& task = resources.task(spec, job.setting);
    for (const auto* split : {&task.train, &task.eval})
      if (!split->tokens.ids.empty()) return split->tokens;
  }
  throw DataError("no task of the sweep has text to measure latency on; name a task with data");
}

class Group {
 public:
  Group(const LatencyJob& job, Resources& resources, const Announce& announce)
      : job_(job), announce_(announce), backend_(use_backend(job.setting)) {
    const auto& model = resources.model(job.setting);
    batch_ = fixed_shape_batch(text_of(job, resources), job.batch, job.seq_len);
    warm_caches_ = needs_warm_caches(batch_.tokens()) || !backend_.host_memory;
    ground_.emplace(EngineGround{model, batch_, backend_, engine::make_weight_store(),
                                 [&model, &job, &resources](const sweep::Variant& variant) {
                                   if (!quant::needs_calibration(variant.plan))
                                     return std::unique_ptr<quant::Calibration>();
                                   return std::make_unique<quant::Calibration>(obtain_calibration(
                                       model, variant.calibration, job.calibration_tasks, resources,
                                       job.setting));
                                 }});
    for (const auto& variant : job.variants)
      runners_.emplace_back(engine_contender(variant, *ground_));
    for (const auto& peer : job.peers) {
      const size_t index = runners_.size();
      runners_.emplace_back(
          peer_contender(peer, job, [this, index] { tell(*runners_[index].contender); }));
    }
    total_ = static_cast<int>(runners_.size()) * (job.rounds + 1);
    for (Runner& runner : runners_) take_turn(runner, [&] { runner.contender->build(); });
  }

  /// Rounds over all contenders until one takes no longer than those before; returns how many.
  int warm_up() {
    double fastest = 0;
    for (int round = 1; round <= kMostWarmupRounds; ++round) {
      const auto start = Clock::now();
      for (Runner& runner : runners_) guard(runner, [&] { runner.contender->warm_up(); });
      const double seconds = seconds_since(start);
      if (round > 1 && seconds <= kStableWithin * fastest) return round;
      fastest = round == 1 ? seconds : std::min(fastest, seconds);
    }
    return kMostWarmupRounds;
  }

  void choose_repeats() {
    for (Runner& runner : runners_) guard(runner, [&] { runner.contender->choose_repeats(); });
  }

  void measure() {
    const auto start = Clock::now();
    for (int round = 0; round < job_.rounds; ++round) {
      const double spent = seconds_since(start);
      const bool out_of_time = job_.max_seconds > 0 && spent > job_.max_seconds;
      if (out_of_time && round >= kMinimumRounds) break;
      for (const int r : round_order(static_cast<int>(runners_.size()), round, job_.seed)) {
        Runner& runner = runners_[r];
        take_turn(runner, [&] { runner.add(runner.contender->sample(warm_caches_)); });
      }
    }
  }

  void report(LatencyResult& result) const {
    for (const Runner& runner : runners_)
      if (!runner.failed) result.plans.push_back(runner.samples);
    result.failures = failures_;
  }

 private:
  struct Runner {
    explicit Runner(std::unique_ptr<Contender> who) : contender(std::move(who)) {
      samples.plan_hash = contender->plan_hash();
    }
    void add(const Sample& sample) {
      samples.nanoseconds.push_back(sample.nanoseconds);
      if (sample.wall_nanoseconds > 0) samples.wall_nanoseconds.push_back(sample.wall_nanoseconds);
    }
    std::unique_ptr<Contender> contender;
    LatencySamples samples;
    bool failed = false;
  };

  /// A peer that fails costs its own row; a failure of an engine ends the group.
  template <class Action>
  void guard(Runner& runner, const Action& action) {
    if (runner.failed) return;
    try {
      action();
    } catch (const PeerFailure& failure) {
      runner.failed = true;
      failures_.push_back(
          {runner.contender->plan_hash(), failure.kind, failure.what(), failure.log_tail});
    }
  }

  template <class Action>
  void take_turn(Runner& runner, const Action& action) {
    tell(*runner.contender);
    ++done_;
    guard(runner, action);
  }

  void tell(const Contender& next) const { announce_(done_, total_, next); }

  const LatencyJob& job_;
  const Announce& announce_;
  const kernels::Backend& backend_;
  engine::Batch batch_;
  bool warm_caches_ = false;
  std::optional<EngineGround> ground_;
  std::vector<Runner> runners_;
  std::vector<LatencyFailure> failures_;
  int done_ = 0;
  int total_ = 0;
};

}  // namespace

bool needs_warm_caches(int tokens) { return tokens < kTokensThatHideWeights; }

engine::Batch fixed_shape_batch(const engine::Batch& text, int batch, int seq_len) {
  if (text.offsets.size() < 2 || text.offsets[1] - text.offsets[0] < 3)
    throw DataError("latency needs text of three tokens or more");
  const int32_t first = text.ids[0], last = text.ids[text.offsets[1] - 1];
  std::vector<int32_t> words;
  for (int s = 0; s < text.sequences(); ++s)
    if (text.offsets[s + 1] - text.offsets[s] > 2)
      words.insert(words.end(), text.ids.begin() + text.offsets[s] + 1,
                   text.ids.begin() + text.offsets[s + 1] - 1);
  engine::Batch shaped;
  shaped.offsets.push_back(0);
  size_t next = 0;
  for (int b = 0; b < batch; ++b) {
    for (int t = 0; t < seq_len; ++t) {
      const bool border = t == 0 || t == seq_len - 1;
      shaped.ids.push_back(t == 0 ? first : border ? last : words[next++ % words.size()]);
    }
    shaped.offsets.push_back(shaped.tokens());
  }
  shaped.types.assign(shaped.ids.size(), 0);
  return shaped;
}

std::vector<int> round_order(int plans, int round, uint64_t seed) {
  std::vector<int> order(plans);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 generator(seed * 1'000'003 + static_cast<uint64_t>(round));
  // std::shuffle differs between standard libraries; this does not.
  for (int i = plans - 1; i > 0; --i) std::swap(order[i], order[generator() % (i + 1)]);
  return order;
}

LatencyResult measure_latency(const LatencyJob& job, Resources& resources,
                              const Announce& announce) {
  if (job.variants.empty()) throw PlanError("a latency group needs its FP16 baseline");
  LatencyResult result;
  result.batch = job.batch;
  result.seq_len = job.seq_len;
  result.threads = job.setting.threads;
  result.baseline_plan_hash = job.variants.front().plan_hash;
  Group group(job, resources, announce);
  result.warmup_rounds = group.warm_up();
  group.choose_repeats();
  const auto& backend = use_backend(job.setting);
  result.clock_mhz_before = clock_mhz(backend);
  group.measure();
  result.clock_mhz_after = clock_mhz(backend);
  group.report(result);
  return result;
}

}  // namespace herosweep::measure
