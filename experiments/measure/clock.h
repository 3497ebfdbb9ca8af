// Clocks, for the record beside every latency.
#pragma once

#include "kernels/backend.h"

namespace herosweep::measure {

/// MHz of the processor this thread runs on, from the frequency driver or /proc/cpuinfo; 0 where
/// neither says.
double clock_mhz();

/// MHz of what runs this backend's operators: that processor, or the GPU's multiprocessors.
double clock_mhz(const kernels::Backend& backend);

}  // namespace herosweep::measure
