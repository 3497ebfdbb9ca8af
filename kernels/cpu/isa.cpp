#include "kernels/cpu/isa.h"

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace herosweep::kernels::cpu {

bool is_supported(Isa isa) {
  if (isa == Isa::portable) return true;
  // The builtins ask XGETBV too: a processor whose system does not save ZMM registers says no.
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma");
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx512_vnni:
      return "avx512-vnni";
    case Isa::portable:
      return "portable";
  }
  return "unknown";
}

Isa detect_isa() {
  const Isa best = is_supported(Isa::avx512_vnni) ? Isa::avx512_vnni : Isa::portable;
  const char* requested = std::getenv("HEROSWEEP_CPU_ISA");
  if (requested == nullptr || *requested == '\0') return best;
  const std::string name = requested;
  if (name == isa_name(Isa::portable)) return Isa::portable;
  if (name == isa_name(Isa::avx512_vnni) && best == Isa::avx512_vnni) return best;
  throw std::runtime_error("HEROSWEEP_CPU_ISA=" + name +
                           (name == isa_name(Isa::avx512_vnni)
                                ? " is not supported by this processor"
                                : " is unknown; it may be avx512-vnni or portable") +
                           ". Unset it, or set it to portable.");
}

}  // namespace herosweep::kernels::cpu
