// What a worker does for a latency job: all plans of a group in one process, interleaved round by
// round with the FP16 baseline, so that a drifting clock cannot pose as a speed-up.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiments/measure/contender.h"
#include "experiments/measure/protocol.h"
#include "experiments/measure/resources.h"

namespace herosweep::measure {

/// Fewer rounds have no 95 % interval of the median: 1 - 2 / 2^n >= 0.95 needs n = 6.
inline constexpr int kMinimumRounds = 6;

/// Each weight byte serves all tokens of a pass. Reading the weights from memory instead of the
/// caches costs 5 to 8 % of a pass of 128 tokens and under 1 % of one of 1024.
inline constexpr int kTokensThatHideWeights = 512;
bool needs_warm_caches(int tokens);

/// Real text as `batch` sequences of exactly `seq_len` tokens: the tasks' tokens one after another
/// between the special tokens of the first sequence, from the beginning again when they run out.
/// Throws DataError without text.
engine::Batch fixed_shape_batch(const engine::Batch& text, int batch, int seq_len);

/// The order of `plans` in round `round`: a permutation that depends on the seed.
std::vector<int> round_order(int plans, int round, uint64_t seed);

/// Announces the contender that runs next: when the process dies, it is the culprit. A peer that is
/// waited for is announced again and again, as a sign of life.
using Announce = std::function<void(int done, int total, const Contender& next)>;

/// Samples are of Engine::run on the backend's clock (the host's; CUDA events around repeated
/// passes, and the host's around a pass alone), and what peers answer. Throws as the engine does; a
/// variant that cannot be built fails the job after having been announced. A failing peer fails
/// alone.
LatencyResult measure_latency(const LatencyJob& job, Resources& resources,
                              const Announce& announce);

}  // namespace herosweep::measure
