// Shows what the INT8 tiles accumulate.
#pragma once

#include "kernels/gemm.h"

namespace herosweep::kernels::cuda::sm90 {

/// out.f32 = (float)(x w^T), s8 x s8, through the 128x192x128 pingpong tile. n a multiple of 4.
void run_accumulators(const GemmArgs& args);

}  // namespace herosweep::kernels::cuda::sm90
