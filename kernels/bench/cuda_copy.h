// A kernel that moves the bytes of a row operator and computes nothing: the limit of its speed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace herosweep::kernels::bench {

/// out[i] = a[i] ^ b[i], on device pointers aligned to 16 bytes, in 16-byte pieces; launched as
/// operators are. REQUIRES bytes % 16 == 0.
void combine_bytes(const int8_t* a, const int8_t* b, int8_t* out, size_t bytes);

}  // namespace herosweep::kernels::bench
