// Reference operators: one obvious, single-threaded function for each operator, straight from
// docs/numerics.md. Formulas and shapes stand in kernels/*.h.
#pragma once

#include <cstddef>

#include "kernels/attention.h"
#include "kernels/embedding.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"
#include "kernels/quantize.h"

namespace herosweep::kernels::reference {

/// The reference's packed form is the row-major weights themselves, padded to 64 bytes.
size_t packed_bytes(ElementType type, int n, int k);
void pack(ElementType type, const void* w, int n, int k, void* packed);

void gemm(const GemmArgs& args);
void layer_norm(const LayerNormArgs& args);
void embedding(const EmbeddingArgs& args);
void attention(const AttentionArgs& args);
void quantize(const QuantizeArgs& args);

}  // namespace herosweep::kernels::reference
