// The operators of the CUDA backend. All pointers are device pointers; floating-point edges are
// FP16; the twins are those of kernels/reference on the same values.
#pragma once

#include "kernels/backend.h"

namespace herosweep::kernels::cuda {

/// Row-major, each row padded with zeros to a multiple of 16 bytes (what TMA and 16-byte loads
/// want); rows in the order of gemm/packed_rows.h.
size_t packed_bytes(ElementType type, int n, int k);
void pack(ElementType type, const void* w, int n, int k, void* packed);
/// Bytes of one packed row.
size_t packed_row_bytes(ElementType type, int k);

void gemm(const GemmArgs& args);
void layer_norm(const LayerNormArgs& args);
void embedding(const EmbeddingArgs& args);
void attention(const AttentionArgs& args);
void quantize(const QuantizeArgs& args);

/// GEMM on WGMMA and TMA, for compute capability 9.0.
namespace sm90 {
/// Operands that TMA can address: (s8, s8) or (f16, f16), rows of x and of the output a multiple of
/// 16 bytes long.
bool supports(const GemmArgs& args);
void gemm(const GemmArgs& args);
}  // namespace sm90

/// GEMM on mma.sync, for compute capability 8.0 and newer: any shape, every operand pair.
namespace portable {
void gemm(const GemmArgs& args);
}  // namespace portable

}  // namespace herosweep::kernels::cuda
