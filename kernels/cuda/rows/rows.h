// The row operators with a geometry of the caller's choice, for benchmarks. operators.h has those
// that choose it themselves.
#pragma once

#include "kernels/cuda/rows/geometry.h"
#include "kernels/embedding.h"
#include "kernels/layer_norm.h"
#include "kernels/quantize.h"

namespace herosweep::kernels::cuda::rows {

void layer_norm(const LayerNormArgs& args, const Geometry& geometry);
void embedding(const EmbeddingArgs& args, const Geometry& geometry);
void quantize(const QuantizeArgs& args, const Geometry& geometry);

}  // namespace herosweep::kernels::cuda::rows
