#include "kernels/backend.h"

#include "kernels/reference/operators.h"

namespace herosweep::kernels {

const Backend& reference_backend() {
  static constexpr Backend kBackend{
      .name = "reference",
      .isa = "scalar",
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
