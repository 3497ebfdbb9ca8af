// One entry of latency.baselines.
#pragma once

#include "experiments/config/field.h"
#include "experiments/sweep/peer.h"

namespace herosweep::config {

/// fp16, the name of a built-in peer, or a map {name, command, check}. Words of `command` and
/// `check` that name a file beside the sweep file become its absolute path.
struct Baseline {
  bool read(const Cursor& at, sweep::Peer& out) const;
  nlohmann::json schema() const;
  nlohmann::json show(const sweep::Peer& peer) const { return peer.name; }
};

}  // namespace herosweep::config
