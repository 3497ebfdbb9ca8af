// What one core's multipliers reach when nothing else limits them.
#pragma once

namespace herosweep::kernels::bench {

enum class Multiplier { dot_product, fma };

/// Seconds of processor time of the calling thread: time in which others ran does not count.
double thread_cpu_s();

/// 10^9 operations a second (a multiplication and an addition are two) of one thread during the
/// next 10 microseconds or so. A shared machine's clock wanders: a rate means something only beside
/// what ran right before or after it. 0 without AVX512-VNNI.
double measure_peak_gops(Multiplier multiplier);

}  // namespace herosweep::kernels::bench
