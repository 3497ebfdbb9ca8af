// Brings what later kernels read into the L2 cache (compute capability 9.0; nothing on older ones).
//
// A model's weights and scales are read once a pass and are gone from the cache when the next one
// wants them; at small batches every kernel would wait for them.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels::cuda {

/// Asks for this block's share of `upcoming`; may be called before wait_for_predecessors. REQUIRES
/// ranges below 4 GB, and Upcoming::kMost threads a block.
__device__ __forceinline__ void prefetch_share(const Upcoming& upcoming) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  if (threadIdx.x >= Upcoming::kMost) return;
  constexpr uint32_t kLine = 128, kUnit = 16;  // bytes; of the cache, and of the instruction
  const Upcoming::Range range = upcoming.ranges[threadIdx.x];
  const auto bytes = static_cast<uint32_t>(range.bytes) / kUnit * kUnit;
  const uint32_t blocks = gridDim.x * gridDim.y * gridDim.z;
  const uint32_t block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const uint32_t share = ((bytes + kLine - 1) / kLine + blocks - 1) / blocks * kLine;
  const uint32_t first = share * block;
  if (first >= bytes) return;
  asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(
                   static_cast<const char*>(range.data) + first),
               "r"(min(share, bytes - first))
               : "memory");
#endif
}

}  // namespace herosweep::kernels::cuda
