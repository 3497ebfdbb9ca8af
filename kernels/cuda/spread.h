// How many blocks of a kernel share a multiprocessor. Host code only.
#pragma once

#include <algorithm>

#include "kernels/cuda/device.h"

namespace herosweep::kernels::cuda {

/// Dynamic shared memory with which `share` blocks fit on a multiprocessor of compute capability
/// 9.0, and no more: of its 228 KB, 1 KB a block is taken, and up to 1 KB may be static.
constexpr int share_bytes(int share) { return (228 / share - 2) * 1024; }
inline constexpr int kMostSpreadBytes = share_bytes(3);

/// What blocks that need `bytes` ask for, so that they are spread evenly even while their
/// predecessor still occupies some multiprocessors: on none fit more than their share. One or two
/// are spread without, and of more than eight registers are short before.
inline int spread_bytes(int blocks, int bytes) {
  const int share = (blocks + device().multiprocessors - 1) / device().multiprocessors;
  if (share < 3 || share > 8 || device().compute != 90) return bytes;
  return std::max(bytes, share_bytes(share));
}

}  // namespace herosweep::kernels::cuda
