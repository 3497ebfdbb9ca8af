// A sweep and results made up from formulas: no model, no clock, the same numbers on every machine.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <string>
#include <vector>

#include "experiments/measure/protocol.h"
#include "experiments/store/store.h"
#include "experiments/sweep/trial.h"

namespace herosweep::test {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// FP16, M1, M2 and M3 on tasks "binary" (accuracy) and "regression" (spearman); batches 1 and 8.
sweep::Sweep small_sweep();
/// All 64 HERO plans and the six ZeroQuant and PTQ plans on the same tasks.
sweep::Sweep full_sweep();

std::string environment_text();

/// Hashes of the trials of variant `variant`, in task order.
std::vector<std::string> trials_of(const sweep::Sweep& sweep, int variant);
/// A pass over both tasks whose quality falls with the number of INT8 modules.
measure::AccuracyResult accuracy_of(const sweep::Sweep& sweep, int variant);
/// Interleaved rounds of `variants`; INT8 modules save time, batch 8 takes seven times as long.
measure::LatencyResult latency_of(const sweep::Sweep& sweep, const std::vector<int>& variants,
                                  int batch, int rounds = 30);
/// Every variant that computes in integers or with integer weights.
std::vector<int> measurable_variants(const sweep::Sweep& sweep);

/// The first column of the query's first row, as text; "" when there is no row.
std::string query_text(store::Store& store, const std::string& sql);

}  // namespace herosweep::test
