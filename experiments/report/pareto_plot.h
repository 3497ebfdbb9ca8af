// The Pareto plot as a static picture, for a README or a paper.
#pragma once

#include "experiments/report/picture.h"
#include "experiments/report/table.h"

namespace herosweep::report {

/// First task over the first latency group of the snapshot (choose by filter): task metric and
/// drift over time, two panels side by side. Throws StoreError when no plan has both.
Picture pareto_plot(const Snapshot& snapshot);

/// What a plot tells apart by colour and shape: fp16, hero, zeroquant, ptq or other.
Ink family(const PlanColumns& plan);
Shape shape_of(Ink family);
/// Whether a reader knows the plan by a name: M1, "W8A8 ZeroQuant", one of the config; not
/// hero-010110.
bool has_own_name(const PlanColumns& plan);

}  // namespace herosweep::report
