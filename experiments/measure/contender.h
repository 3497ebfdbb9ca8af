// What a latency group interleaves: a plan of this engine, or a peer.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/engine/engine.h"
#include "experiments/measure/job.h"
#include "experiments/measure/peer.h"

namespace herosweep::measure {

/// One sample of a contender, both of a pass: from token ids in memory to the last hidden state
/// there.
struct Sample {
  int64_t nanoseconds = 0;  // on the clock of what computes: CUDA events, or the host's clock
  /// A pass alone on the host's clock, from the call until it has finished on a device; 0 where
  /// `nanoseconds` is of the host's clock already, or the contender does not say.
  int64_t wall_nanoseconds = 0;
};

class Contender {
 public:
  virtual ~Contender() = default;
  virtual std::string name() const = 0;
  virtual const std::string& plan_hash() const = 0;
  /// Null for a peer.
  virtual const quant::Plan* plan() const = 0;

  /// Makes it ready to run. Before it, only the functions above may be called.
  virtual void build() = 0;
  /// Runs unmeasured.
  virtual void warm_up() = 0;
  /// Decides how many passes a sample takes; after the warm-up.
  virtual void choose_repeats() = 0;
  /// `warm`: with the caches as the contender's own last pass leaves them, not as another's.
  virtual Sample sample(bool warm) = 0;
};

/// Static scales of a variant, or null when it needs none.
using FindScales = std::function<std::unique_ptr<quant::Calibration>(const sweep::Variant&)>;

/// What the engines of one group share. All of it outlives the contenders.
struct EngineGround {
  const model::BertModel& model;
  const engine::Batch& batch;
  const kernels::Backend& backend;
  std::shared_ptr<engine::WeightStore> weights;
  FindScales find_scales;
};
std::unique_ptr<Contender> engine_contender(const sweep::Variant& variant,
                                            const EngineGround& ground);

/// Its functions throw PeerFailure. `waiting` is called while the peer is awaited.
std::unique_ptr<Contender> peer_contender(const sweep::Peer& peer, const LatencyJob& job,
                                          std::function<void()> waiting);

}  // namespace herosweep::measure
