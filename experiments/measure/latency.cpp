#include "experiments/measure/latency.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <random>

#include "core/util/error.h"
#include "experiments/measure/calibrator.h"
#include "experiments/measure/clock.h"

namespace herosweep::measure {

namespace {

using Clock = std::chrono::steady_clock;

// CUDA events around one short pass would time the launch as well: a sample is the mean of as many
// passes as take this long.
constexpr double kSampleNanoseconds = 2e6;
constexpr int kMostRepeats = 64;

// Warm-up ends when the round takes no more than this above the fastest so far: allocations,
// page faults and clock ramps cost far more than that.
constexpr double kStableWithin = 1.1;
constexpr int kMostWarmupRounds = 8;

int64_t nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
}

double seconds_since(Clock::time_point start) { return 1e-9 * double(nanoseconds_since(start)); }

/// One plan, ready to run.
struct Contender {
  const sweep::Variant* variant;
  engine::Engine engine;
  std::vector<int64_t> samples;
  int repeats = 1;  // passes of one sample
};

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
    const auto weights = engine::make_weight_store();
    total_ = static_cast<int>(job.variants.size()) * (job.rounds + 1);
    for (const auto& variant : job.variants) {
      announce_(done_++, total_, variant);
      std::optional<quant::Calibration> scales;
      if (quant::needs_calibration(variant.plan))
        scales = obtain_calibration(model, variant.calibration, job.calibration_tasks, resources,
                                    job.setting);
      contenders_.push_back(
          {&variant,
           engine::Engine(model, variant.plan, scales ? &*scales : nullptr, backend_, weights),
           {}});
      contenders_.back().engine.forward(batch_);
    }
  }

  /// Rounds over all plans until one takes no longer than those before; returns how many.
  int warm_up() {
    double fastest = 0;
    for (int round = 1; round <= kMostWarmupRounds; ++round) {
      const auto start = Clock::now();
      for (Contender& contender : contenders_) contender.engine.forward(batch_);
      const double seconds = seconds_since(start);
      if (round > 1 && seconds <= kStableWithin * fastest) return round;
      fastest = round == 1 ? seconds : std::min(fastest, seconds);
    }
    return kMostWarmupRounds;
  }

  void choose_repeats() {
    if (backend_.record == nullptr) return;  // the host's clock needs none
    for (Contender& contender : contenders_) {
      const double pass = static_cast<double>(std::max<int64_t>(sample(contender), 1));
      contender.repeats =
          std::clamp(static_cast<int>(std::ceil(kSampleNanoseconds / pass)), 1, kMostRepeats);
    }
  }

  void measure() {
    const auto start = Clock::now();
    for (int round = 0; round < job_.rounds; ++round) {
      const double spent = seconds_since(start);
      const bool out_of_time = job_.max_seconds > 0 && spent > job_.max_seconds;
      if (out_of_time && round >= kMinimumRounds) break;
      for (const int c : round_order(static_cast<int>(contenders_.size()), round, job_.seed)) {
        Contender& contender = contenders_[c];
        announce_(done_++, total_, *contender.variant);
        contender.samples.push_back(sample(contender));
      }
    }
  }

  std::vector<LatencySamples> samples() const {
    std::vector<LatencySamples> all;
    for (const Contender& contender : contenders_)
      all.push_back({contender.variant->plan_hash, contender.samples});
    return all;
  }

 private:
  /// Nanoseconds of a pass: from token ids in memory to the last hidden state there.
  int64_t sample(Contender& contender) {
    // The plan before it has filled the caches with its own weights; a served model runs again and
    // again, so an unmeasured pass brings the caches into that state.
    if (needs_warm_caches(batch_.tokens()) || !backend_.host_memory) contender.engine.run();
    const int64_t all = backend_.time([&contender] {
      for (int i = 0; i < contender.repeats; ++i) contender.engine.run();
    });
    return all / contender.repeats;
  }

  const LatencyJob& job_;
  const Announce& announce_;
  const kernels::Backend& backend_;
  engine::Batch batch_;
  std::vector<Contender> contenders_;
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
  result.plans = group.samples();
  return result;
}

}  // namespace herosweep::measure
