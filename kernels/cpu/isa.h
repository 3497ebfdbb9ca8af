// Which instruction set the cpu backend runs on.
#pragma once

#include "kernels/backend.h"

namespace herosweep::kernels::cpu {

enum class Isa { avx512_vnni, portable };

/// True when processor and operating system support every instruction of `isa`.
bool is_supported(Isa isa);

/// The best supported instruction set; HEROSWEEP_CPU_ISA=portable forces the portable one. Another
/// value throws std::runtime_error, as does asking for avx512-vnni where it is not supported.
Isa detect_isa();

/// "avx512-vnni" or "portable", as records and HEROSWEEP_CPU_ISA spell it.
const char* isa_name(Isa isa);

/// The cpu backend on a chosen instruction set, for tests and benchmarks. REQUIRES
/// is_supported(isa).
const Backend& backend_for(Isa isa);

}  // namespace herosweep::kernels::cpu
