// Matrices in device memory of which kernels copy boxes into shared memory (TMA, sm_90).
#pragma once

#include <cuda.h>

#include <cstdint>

namespace herosweep::kernels::cuda {

struct ByteMatrix {
  const void* data;    // at a multiple of 16 bytes
  uint64_t row_bytes;  // a multiple of 16
  uint64_t rows;
};

/// Boxes of `box_rows` rows of `box_bytes` (32, 64 or 128). In shared memory their chunks of 16
/// bytes lie as tile_offset<box_bytes> (attention/tile.cuh) has them; rows behind the last one
/// become zeros. Throws CudaError.
CUtensorMap describe_boxes(const ByteMatrix& matrix, uint32_t box_bytes, uint32_t box_rows);

}  // namespace herosweep::kernels::cuda
