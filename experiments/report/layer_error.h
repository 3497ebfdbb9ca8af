// Where in a model a plan's error grows.
#pragma once

#include <optional>

#include "experiments/report/heat_map.h"
#include "experiments/report/rows.h"

namespace herosweep::report {

/// Distance (1 - cosine) of each layer's output from the FP16 plan's, by named plan and layer;
/// nothing where the sweep has no such plan with results.
std::optional<HeatMap> layer_error_map(store::Store& store, const Snapshot& snapshot);

}  // namespace herosweep::report
