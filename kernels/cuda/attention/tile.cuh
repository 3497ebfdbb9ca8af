// Tiles of Q, K and V in shared memory: rows of one head, padded with zeros, 16-byte chunks
// swizzled so that the eight rows that one 8x8 matrix of ldmatrix reads lie in different banks.
#pragma once

#include "kernels/cuda/attention/params.h"
#include "kernels/cuda/tensor_core.cuh"

namespace herosweep::kernels::cuda {

constexpr int kChunkBytes = 16;

/// Byte of chunk `chunk` of row `row` in a tile whose rows are `kRowBytes` long. Rows are a
/// multiple of 32 bytes; the bits of the chunk's number that the row's place in 128 bytes leaves
/// free are exchanged by the row.
template <int kRowBytes>
__device__ __forceinline__ uint32_t tile_offset(int row, int chunk) {
  constexpr int kChunks = kRowBytes / kChunkBytes;
  constexpr int kLowestBit = kChunks & -kChunks;
  constexpr int kExchanged = kLowestBit < 8 ? kLowestBit : 8;
  const int mask = (row / (8 / kExchanged)) & (kExchanged - 1);
  return static_cast<uint32_t>(row * kRowBytes + (chunk ^ mask) * kChunkBytes);
}

/// Rows of one head of Q, K or V of one sequence.
struct HeadRows {
  const char* data;  // feature 0 of the first row
  size_t stride;     // bytes between rows
};

/// part: 0 = Q, 1 = K, 2 = V.
template <class Element>
__device__ __forceinline__ HeadRows head_rows(const AttentionParams& p, int part, int head,
                                              size_t row) {
  const auto cols = static_cast<size_t>(p.heads) * static_cast<size_t>(p.head_size);
  const auto feature = static_cast<size_t>(head) * static_cast<size_t>(p.head_size);
  const auto* qkv = static_cast<const Element*>(p.qkv);
  return {
      reinterpret_cast<const char*>(qkv + (row * 3 + static_cast<size_t>(part)) * cols + feature),
      3 * cols * sizeof(Element)};
}

/// Up to 16 bytes in units of Element (where rows are not aligned for more), zeros behind them.
template <class Element>
__device__ __forceinline__ uint4 gather_chunk(const char* source, int bytes) {
  uint32_t words[4] = {0, 0, 0, 0};
#pragma unroll
  for (int i = 0; i < kChunkBytes; i += static_cast<int>(sizeof(Element))) {
    if (i >= bytes) continue;
    const uint32_t element = *reinterpret_cast<const Element*>(source + i);
    words[i / 4] |= element << (i % 4 * 8);
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}

/// Fills rows [0, kRows) of a tile with the first `valid` rows of `source` and zeros,
/// asynchronously where rows are aligned; rows from the next multiple of 32 behind `valid` on are
/// left as they are. Element is uint8_t or uint16_t.
template <class Element, int kRowBytes, int kRows, int kThreads>
__device__ __forceinline__ void load_tile(const AttentionParams& p, uint32_t tile, HeadRows source,
                                          int valid) {
  constexpr int kChunks = kRowBytes / kChunkBytes;
  const int filled = min(kRows, (valid + 31) & ~31) * kChunks;
  const int row_bytes = p.head_size * static_cast<int>(sizeof(Element));
  const auto visit = [&](int i, auto copy) {
    const int row = i / kChunks;
    const int chunk = i % kChunks;
    const int left = row < valid ? row_bytes - chunk * kChunkBytes : 0;
    const char* from = source.data + static_cast<size_t>(row) * source.stride + chunk * kChunkBytes;
    copy(tile + tile_offset<kRowBytes>(row, chunk), from, left);
  };
  if (p.vector_loads) {
#pragma unroll 4
    for (int i = thread_of_block(); i < filled; i += kThreads)
      visit(i, [&](uint32_t to, const char* from, int left) {
        copy_16_async(to, left > 0 ? from : source.data, left > 0 ? kChunkBytes : 0);
      });
  } else {
#pragma unroll 1
    for (int i = thread_of_block(); i < filled; i += kThreads)
      visit(i, [](uint32_t to, const char* from, int left) {
        store_shared_16(to, gather_chunk<Element>(from, left));
      });
  }
}

/// A fragments of rows [row, row + 16), 32-byte step `step`: rows 0-7 and 8-15 of the first chunk,
/// then of the second.
template <int kRowBytes>
__device__ __forceinline__ void load_a(uint32_t (&a)[4], uint32_t tile, int row, int step) {
  const int lane = lane_of_warp();
  load_matrices(a, tile + tile_offset<kRowBytes>(row + lane % 16, 2 * step + lane / 16));
}

/// B fragments of 16 keys (rows), 32-byte step `step`: b[0], b[1] of keys 0-7, b[2], b[3] of 8-15.
template <int kRowBytes>
__device__ __forceinline__ void load_b(uint32_t (&b)[4], uint32_t tile, int row, int step) {
  const int lane = lane_of_warp();
  const int key = lane % 8 + lane / 16 * 8;
  load_matrices(b, tile + tile_offset<kRowBytes>(row + key, 2 * step + lane / 8 % 2));
}

}  // namespace herosweep::kernels::cuda
