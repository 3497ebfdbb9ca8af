#include "kernels/backend.h"

#include "kernels/host_memory.h"
#include "kernels/reference/operators.h"

namespace herosweep::kernels {

const Backend& reference_backend() {
  static constexpr Backend kBackend{
      .name = "reference",
      .isa = "scalar",
      .host_memory = true,
      .floating = ElementType::f32,
      .tokens_per_pass = 1024,
      .allocate = host::allocate,
      .release = host::release,
      .upload = host::copy,
      .download = host::copy,
      .record = nullptr,
      .time = host::time,
      .packed_bytes = reference::packed_bytes,
      .pack = reference::pack,
      .gemm = reference::gemm,
      .layer_norm = reference::layer_norm,
      .embedding = reference::embedding,
      .attention = reference::attention,
      .quantize = reference::quantize,
  };
  return kBackend;
}

}  // namespace herosweep::kernels
