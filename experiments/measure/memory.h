// Peak memory of this process.
#pragma once

#include <cstdint>

namespace herosweep::measure {

/// Largest resident set since the start or the last reset; 0 where the system does not say.
int64_t peak_memory_bytes();
/// Starts over from the memory in use now. Does nothing where the system does not allow it.
void reset_peak_memory();

}  // namespace herosweep::measure
