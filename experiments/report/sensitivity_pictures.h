// Sensitivity as heat maps.
#pragma once

#include <optional>
#include <vector>

#include "experiments/report/heat_map.h"
#include "experiments/report/sensitivity.h"

namespace herosweep::report {

/// Modules x modules of a full factorial: main effects on the diagonal, interactions beside it.
/// Nothing where there is no factorial.
std::optional<HeatMap> interaction_map(const ResponseSensitivity& response);

/// Modules x layers. REQUIRES: a row.
HeatMap layer_heat_map(const Response& response, const LayerMap& layers);

/// All of a sweep's drift and task metric; none where no two plans differ by one module alone, or
/// where there are too many plans for a page.
std::vector<HeatMap> sensitivity_maps(store::Store& store, const Snapshot& snapshot);

}  // namespace herosweep::report
