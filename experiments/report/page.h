// The HTML report: one file with its data, plot and tables, opened offline.
#pragma once

#include <string>

#include "experiments/report/table.h"

namespace herosweep::report {

std::string report_page(const Snapshot& snapshot);

}  // namespace herosweep::report
