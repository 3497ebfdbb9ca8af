// Approval files: what was looked at once and must stay so.
#pragma once

#include <string>

#include "tests/experiments/store/synthetic_sweep.h"

namespace herosweep::test {

/// Compares `text` with tests/golden/report/NAME. With HEROSWEEP_UPDATE_GOLDEN=1 in the environment
/// the file is written instead, to be looked at and committed.
void check_golden(const std::string& name, const std::string& text);

/// A database in a folder of its own, holding a whole sweep's accuracy and latency.
struct FilledStore {
  explicit FilledStore(sweep::Sweep filled);
  TemporaryFolder folder;
  sweep::Sweep sweep;
  store::Store store;
  int64_t id;
};

}  // namespace herosweep::test
