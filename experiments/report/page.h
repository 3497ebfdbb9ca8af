// The HTML report: one file with its data, plots and tables, opened offline.
#pragma once

#include <string>
#include <vector>

#include "experiments/report/rows.h"

namespace herosweep::report {

/// Times of every round in milliseconds, [latency rows of the snapshot][rounds].
using LatencySamples = std::vector<std::vector<double>>;
/// Of a very large sweep only those of plans with a name of their own; the others are empty.
LatencySamples load_samples(const store::Store& store, const Snapshot& snapshot);

/// `samples` empty: without distributions. `sections`: more of the page as HTML, such as
/// heat_map_section makes, shown under the latencies.
std::string report_page(const Snapshot& snapshot, const LatencySamples& samples,
                        const std::vector<std::string>& sections);

/// The page of the sweep that the filter picks, with everything that the database holds of it.
std::string report_page(store::Store& store, const Filter& filter);

}  // namespace herosweep::report
