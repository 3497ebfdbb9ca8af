#include "kernels/bench/multiplier_peak.h"

#include <ctime>

#include "kernels/cpu/isa.h"

namespace herosweep::kernels::bench {
namespace {

// Sixteen independent chains hide the latency of both multipliers.
constexpr int kChains = 16;
constexpr int kIterations = 3000;

#define HEROSWEEP_CHAINS(instruction)                                                           \
  instruction                                                                                   \
      " %%zmm30, %%zmm31, %%zmm0\n\t" instruction " %%zmm30, %%zmm31, %%zmm1\n\t" instruction   \
      " %%zmm30, %%zmm31, %%zmm2\n\t" instruction " %%zmm30, %%zmm31, %%zmm3\n\t" instruction   \
      " %%zmm30, %%zmm31, %%zmm4\n\t" instruction " %%zmm30, %%zmm31, %%zmm5\n\t" instruction   \
      " %%zmm30, %%zmm31, %%zmm6\n\t" instruction " %%zmm30, %%zmm31, %%zmm7\n\t" instruction   \
      " %%zmm30, %%zmm31, %%zmm8\n\t" instruction " %%zmm30, %%zmm31, %%zmm9\n\t" instruction   \
      " %%zmm30, %%zmm31, %%zmm10\n\t" instruction " %%zmm30, %%zmm31, %%zmm11\n\t" instruction \
      " %%zmm30, %%zmm31, %%zmm12\n\t" instruction " %%zmm30, %%zmm31, %%zmm13\n\t" instruction \
      " %%zmm30, %%zmm31, %%zmm14\n\t" instruction " %%zmm30, %%zmm31, %%zmm15\n\t"

#define HEROSWEEP_CLOBBERS                                                                 \
  "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10", \
      "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm30", "zmm31"

[[gnu::target("avx512f,avx512vnni")]] void run_dot_products() {
  asm volatile("vpxord %%zmm30, %%zmm30, %%zmm30\n\tvpxord %%zmm31, %%zmm31, %%zmm31" ::
                   : "zmm30", "zmm31");
  for (int i = 0; i < kIterations; ++i) {
    asm volatile(HEROSWEEP_CHAINS("vpdpbusd")::: HEROSWEEP_CLOBBERS);
  }
}

// Zeros: chains of ordinary numbers would drift into infinities or subnormals.
[[gnu::target("avx512f")]] void run_fmas() {
  asm volatile("vpxord %%zmm30, %%zmm30, %%zmm30\n\tvpxord %%zmm31, %%zmm31, %%zmm31" ::
                   : "zmm30", "zmm31");
  for (int i = 0; i < kIterations; ++i) {
    asm volatile(HEROSWEEP_CHAINS("vfmadd231ps")::: HEROSWEEP_CLOBBERS);
  }
}

}  // namespace

double thread_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double measure_peak_gops(Multiplier multiplier) {
  if (!cpu::is_supported(cpu::Isa::avx512_vnni)) return 0;
  const bool dot_product = multiplier == Multiplier::dot_product;
  const double start = thread_cpu_s();
  dot_product ? run_dot_products() : run_fmas();
  const double s = thread_cpu_s() - start;
  const double operations_per_instruction = 2.0 * (dot_product ? 64 : 16);
  return operations_per_instruction * kChains * kIterations / s * 1e-9;
}

}  // namespace herosweep::kernels::bench
