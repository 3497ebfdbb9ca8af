#include "kernels/backend.h"

#include <omp.h>

#include "kernels/cpu/isa.h"
#include "kernels/cpu/operators.h"
#include "kernels/host_memory.h"

namespace herosweep::kernels {
namespace cpu {

constexpr int kTokensPerPass = 1024;  // activations of one pass stay in the last-level cache

const Backend& backend_for(Isa isa) {
  static const Backend kAvx512{
      .name = "cpu",
      .isa = isa_name(Isa::avx512_vnni),
      .host_memory = true,
      .floating = ElementType::f32,
      .tokens_per_pass = kTokensPerPass,
      .allocate = host::allocate,
      .release = host::release,
      .upload = host::copy,
      .download = host::copy,
      .record = nullptr,
      .time = host::time,
      .packed_bytes = avx512::packed_bytes,
      .pack = avx512::pack,
      .gemm = avx512::gemm,
      .layer_norm = avx512::layer_norm,
      .embedding = avx512::embedding,
      .attention = avx512::attention,
      .quantize = avx512::quantize,
  };
  static const Backend kPortable{
      .name = "cpu",
      .isa = isa_name(Isa::portable),
      .host_memory = true,
      .floating = ElementType::f32,
      .tokens_per_pass = kTokensPerPass,
      .allocate = host::allocate,
      .release = host::release,
      .upload = host::copy,
      .download = host::copy,
      .record = nullptr,
      .time = host::time,
      .packed_bytes = portable::packed_bytes,
      .pack = portable::pack,
      .gemm = portable::gemm,
      .layer_norm = portable::layer_norm,
      .embedding = portable::embedding,
      .attention = portable::attention,
      .quantize = portable::quantize,
  };
  return isa == Isa::avx512_vnni ? kAvx512 : kPortable;
}

}  // namespace cpu

const Backend& cpu_backend() {
  static const Backend& backend = cpu::backend_for(cpu::detect_isa());
  return backend;
}

void set_cpu_threads(int threads) { omp_set_num_threads(threads); }

}  // namespace herosweep::kernels
