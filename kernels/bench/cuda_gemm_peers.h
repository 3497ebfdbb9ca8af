// What the SM90 GEMMs are compared with.
#pragma once

#include <vector>

#include "kernels/cuda/gemm/tune.h"

namespace herosweep::kernels::bench {

/// CUTLASS tiles with the least epilogue that a quantized GEMM needs: INT8(acc * token_scale *
/// row_scale + bias), every vector set, launched the ordinary way. In two translation units.
/// REQUIRES: s8 operands and s8 output; `args` outlives the contenders.
std::vector<cuda::sm90::Contender> plain_narrow_tiles(const GemmArgs& args);
std::vector<cuda::sm90::Contender> plain_wide_tiles(const GemmArgs& args);

/// cuBLASLt's FP16 GEMM (FP32 accumulation, FP16 out, no epilogue): one contender for each of the
/// first eight algorithms that its heuristics propose.
/// REQUIRES: f16 operands and f16 output; `args` outlives the contenders.
std::vector<cuda::sm90::Contender> cublas_algorithms(const GemmArgs& args);

}  // namespace herosweep::kernels::bench
