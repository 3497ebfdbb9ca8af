// The processor's clock, for the record beside every latency.
#pragma once

namespace herosweep::measure {

/// MHz of the processor this thread runs on, from the frequency driver or /proc/cpuinfo; 0 where
/// neither says.
double clock_mhz();

}  // namespace herosweep::measure
