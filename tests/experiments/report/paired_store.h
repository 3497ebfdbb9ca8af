// A sweep whose per-example outcomes are worth comparing: every INT8 module moves every example's
// decision variable by a fixed pseudo-random amount, so that plans differ as real ones do.
#pragma once

#include "tests/experiments/report/golden.h"

namespace herosweep::test {

/// The accuracy of `variant` with such outcomes, and value, interval, drift and flips that follow
/// from them. Task "binary" has 643 examples, "regression" 805. Metric of "regression": spearman.
measure::AccuracyResult paired_accuracy(const sweep::Sweep& sweep, int variant);

/// A database with such outcomes, and the latencies of FilledStore.
struct PairedStore {
  explicit PairedStore(sweep::Sweep filled);
  TemporaryFolder folder;
  sweep::Sweep sweep;
  store::Store store;
  int64_t id;
};

}  // namespace herosweep::test
