// What a config would run that a database does not hold yet, and which change makes it so.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "experiments/report/rows.h"

namespace herosweep::report {

/// Trials or latencies that share a state and a reason.
struct DiffGroup {
  enum class Kind { changed, added, waiting, failed };
  Kind kind = Kind::changed;
  /// changed: the fields that differ from the nearest measurement of the same name, "calibration.
  /// settings.observer: absmax -> mse"; added: what is not in the database.
  std::vector<std::string> reasons;
  std::vector<std::string> members;  // "M3 on sst2", "M3 at batch 8, 128 tokens, 1 thread"
};

struct Diff {
  int total = 0, done = 0;
  std::vector<DiffGroup> groups;
};

struct SweepDiff {
  Diff trials, latencies;
  /// Trials that the sweep of this name has in the database and the config has no more.
  std::vector<std::string> dropped;
};

/// `device`: what would run the sweep (part of a latency's identity).
SweepDiff diff(store::Store& store, const sweep::Sweep& sweep, const std::string& device);

/// Leaves in which two JSON values differ, "path: old -> new"; long hashes are cut to 12 digits.
std::vector<std::string> differences(const nlohmann::json& before, const nlohmann::json& after);

}  // namespace herosweep::report
