// The Pareto plot as a static picture, for a README or a paper.
#pragma once

#include <string>

#include "experiments/report/table.h"

namespace herosweep::report {

/// First task over the first latency group of the snapshot (choose by filter). Follows the reader's
/// light or dark scheme. Throws StoreError when no plan has both.
std::string pareto_svg(const Snapshot& snapshot);

/// "fp16", "hero", "zeroquant", "ptq" or "other": what a plot tells apart by colour and shape.
const char* family(const PlanColumns& plan);

}  // namespace herosweep::report
