// Peak memory of this process where a backend's operators work.
#pragma once

#include <cstdint>

#include "kernels/backend.h"

namespace herosweep::measure {

/// Largest resident set (host backends) or device memory held (CUDA) since the start or the last
/// reset; 0 where the system does not say.
int64_t peak_memory_bytes(const kernels::Backend& backend);
/// Starts over from the memory in use now. Does nothing where the system does not allow it.
void reset_peak_memory(const kernels::Backend& backend);

}  // namespace herosweep::measure
