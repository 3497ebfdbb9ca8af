// The cpu backend's operators, once for each instruction set. Formulas and shapes stand in
// kernels/*.h; the reference twins in kernels/reference/operators.h. All of them use OpenMP
// threads.
#pragma once

#include <cstddef>

#include "kernels/attention.h"
#include "kernels/embedding.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"
#include "kernels/quantize.h"

namespace herosweep::kernels::cpu {

/// AVX512 F, BW, VL, DQ and VNNI.
namespace avx512 {
size_t packed_bytes(ElementType type, int n, int k);
void pack(ElementType type, const void* w, int n, int k, void* packed);

void gemm(const GemmArgs& args);
void layer_norm(const LayerNormArgs& args);
void embedding(const EmbeddingArgs& args);
void attention(const AttentionArgs& args);
void quantize(const QuantizeArgs& args);
}  // namespace avx512

/// Plain C++, exact on any processor.
namespace portable {
size_t packed_bytes(ElementType type, int n, int k);
void pack(ElementType type, const void* w, int n, int k, void* packed);

void gemm(const GemmArgs& args);
void layer_norm(const LayerNormArgs& args);
void embedding(const EmbeddingArgs& args);
void attention(const AttentionArgs& args);
void quantize(const QuantizeArgs& args);
}  // namespace portable

}  // namespace herosweep::kernels::cpu
