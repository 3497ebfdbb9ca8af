// Launches one attention kernel over all sequences.
#pragma once

#include "kernels/cuda/attention/params.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/spread.h"

namespace herosweep::kernels::cuda {

/// Whether a block of up to 128 queries a head would leave multiprocessors waiting for few long
/// blocks: halves of their queries are more and sooner done, though they read K and V twice.
inline bool halves_queries(AttentionGrid grid) {
  return grid.heads * grid.sequences < 2 * device().multiprocessors;
}

/// kBytes: the most shared memory that a launch of `kKernel` asks for.
template <auto kKernel, int kBytes>
void launch_attention(const AttentionParams& params, AttentionGrid grid, int queries, int threads,
                      int bytes) {
  static_assert(kBytes <= 99 * 1024, "the limit of compute capability 8.6 and 8.9");
  allow_shared_memory<kKernel, kBytes>();
  const dim3 blocks(static_cast<unsigned>((grid.longest + queries - 1) / queries),
                    static_cast<unsigned>(grid.heads), static_cast<unsigned>(grid.sequences));
  launch(kKernel, blocks, dim3(static_cast<unsigned>(threads)), static_cast<size_t>(bytes), params);
}

}  // namespace herosweep::kernels::cuda
