// Plans of a snapshot by the names that people give them.
#pragma once

#include <string>
#include <vector>

#include "experiments/report/rows.h"

namespace herosweep::report {

/// Every plan of the snapshot that was measured, in plan order.
std::vector<const PlanColumns*> plans_of(const Snapshot& snapshot);

/// The one plan that `text` names: its canonical or display name or an alias ("fp16"), with the
/// variant in parentheses where several share it ("M3 (residual=fp16)"), or the first digits of its
/// plan hash or of a trial's. Throws ConfigError listing what there is.
const PlanColumns& find_plan(const Snapshot& snapshot, const std::string& text);

/// Whether measured plans differ in their seed, so that tables must say it.
bool has_several_seeds(const Snapshot& snapshot);

/// "M3 (residual=fp16)".
std::string plan_label(const PlanColumns& plan);

}  // namespace herosweep::report
