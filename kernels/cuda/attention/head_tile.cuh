// Tiles of whole heads: head_size is the tile's width and every row is aligned for 16-byte accesses
// (AttentionParams::whole_heads). Compared with tile.cuh and block.cuh nothing is left to ask at
// run time, so that addresses become one register and immediate offsets.
#pragma once

#include <type_traits>

#include "kernels/cuda/attention/block.cuh"
#include "kernels/cuda/attention/tile.cuh"

namespace herosweep::kernels::cuda {

/// Starts copies of rows [0, kRows) of a tile; rows from `valid` on become zeros. `thread`: of the
/// kThreads that copy. kUnrolled: times 16 bytes of a thread; fewer need fewer registers.
template <int kRowBytes, int kRows, int kThreads, int kUnrolled = kRows>
__device__ __forceinline__ void copy_rows(uint32_t tile, HeadRows source, int valid,
                                          int thread = thread_of_block()) {
  constexpr int kChunks = kRowBytes / kChunkBytes;
  constexpr int kStep = kThreads / kChunks;  // rows
  static_assert(kThreads % kChunks == 0 && kStep % 8 == 0 && kRows % kStep == 0);
  const int row = thread / kChunks;
  const int chunk = thread % kChunks;
  const uint32_t to = tile + tile_offset<kRowBytes>(row, chunk);
  const auto stride = static_cast<uint32_t>(source.stride);
  const char* from = source.data + (static_cast<uint32_t>(row) * stride + chunk * kChunkBytes);
#pragma unroll kUnrolled
  for (int first = 0; first < kRows; first += kStep) {
    const bool copied = first + row < valid;
    copy_16_async(to + static_cast<uint32_t>(first * kRowBytes), copied ? from : source.data,
                  copied ? kChunkBytes : 0);
    from += kStep * stride;
  }
}

/// inverse_scale of a head, if there is one.
template <int kHead>
__device__ __forceinline__ void copy_inverse_scale(const AttentionParams& p, uint32_t to, int head,
                                                   int thread = thread_of_block()) {
  const int first = thread * 4;
  if (p.out.inverse_scale != nullptr && first < kHead)
    copy_16_async(to + static_cast<uint32_t>(first) * sizeof(float),
                  p.out.inverse_scale + head * kHead + first, kChunkBytes);
}

constexpr int kShortRows = 128;  // of the longest sequence that one block works on

/// Calls visit with the number of groups of 32 keys that `keys` (at most kShortRows) take, 0 to 4,
/// as a constant.
template <class Visit>
__device__ __forceinline__ void with_key_chunks(int keys, const Visit& visit) {
  if (keys > 96)
    visit(std::integral_constant<int, 4>{});
  else if (keys > 64)
    visit(std::integral_constant<int, 3>{});
  else if (keys > 32)
    visit(std::integral_constant<int, 2>{});
  else if (keys > 0)
    visit(std::integral_constant<int, 1>{});
  else
    visit(std::integral_constant<int, 0>{});
}

/// Shared memory of a block that has all keys of a sequence's head and kQueryRows of its queries:
/// Q, K, V, inverse_scale. A warp works on 16 queries.
template <class Element, int kHeadSize, int kQueryRows = kShortRows>
struct ShortLayout {
  static constexpr int kHead = kHeadSize;
  static constexpr int kQueries = kQueryRows;
  static constexpr int kThreads = 2 * kQueries;
  static constexpr int kRowBytes = kHead * static_cast<int>(sizeof(Element));
  static constexpr int kTile = kShortRows * kRowBytes;
  static constexpr int kKeys = kQueries * kRowBytes;  // offset
  static constexpr int kValues = kKeys + kTile;
  static constexpr int kInverse = kValues + kTile;
  static constexpr int kBytes = kInverse + kHead * static_cast<int>(sizeof(float));
};

/// Starts the copies of a ShortLayout: Q, K and inverse_scale as one group, V as the next.
template <class Element, class Shape>
__device__ __forceinline__ void copy_head(const AttentionParams& p, const BlockWork& block,
                                          uint32_t memory) {
  const HeadRows query = head_rows<Element>(p, 0, block.head, block.first_row);
  const auto part_bytes = static_cast<uint32_t>(p.heads * Shape::kRowBytes);
  const auto copy_keys = [&](uint32_t part, int to) {
    copy_rows<Shape::kRowBytes, kShortRows, Shape::kThreads>(
        memory + to, {query.data + part * part_bytes, query.stride}, block.keys);
  };
  copy_rows<Shape::kRowBytes, Shape::kQueries, Shape::kThreads>(
      memory, {query.data + block.first_query * query.stride, query.stride}, block.queries);
  copy_keys(1, Shape::kKeys);
  copy_inverse_scale<Shape::kHead>(p, memory + Shape::kInverse, block.head);
  commit_copies();
  copy_keys(2, Shape::kValues);
  commit_copies();
}

/// This lane's addresses for ldmatrix in the first rows of a tile, one for every kApart chunks of a
/// row. Rows that are a multiple of 8 further on are at a constant distance, as the swizzle
/// repeats.
template <int kRowBytes, int kApart = 2>
struct MatrixAddresses {
  static constexpr int kCount = kRowBytes / kChunkBytes / kApart;
  uint32_t address[kCount];

  __device__ __forceinline__ MatrixAddresses(uint32_t tile, int row, int chunk) {
#pragma unroll
    for (int i = 0; i < kCount; ++i)
      address[i] = tile + tile_offset<kRowBytes>(row, kApart * i + chunk);
  }
  __device__ __forceinline__ uint32_t at(int i, int rows) const {
    return address[i] + static_cast<uint32_t>(rows * kRowBytes);
  }
};

/// A operands of rows from `row` on (load_a), and B operands of FP16 rows of V, transposed.
template <int kRowBytes>
__device__ __forceinline__ MatrixAddresses<kRowBytes> addresses_by_row(uint32_t tile, int row) {
  const int lane = lane_of_warp();
  return {tile, row + lane % 16, lane / 16};
}

/// B operands of keys (load_b).
template <int kRowBytes>
__device__ __forceinline__ MatrixAddresses<kRowBytes> addresses_by_key(uint32_t tile) {
  const int lane = lane_of_warp();
  return {tile, lane % 8 + lane / 16 * 8, lane / 8 % 2};
}

}  // namespace herosweep::kernels::cuda
