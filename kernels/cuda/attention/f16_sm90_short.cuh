// FP16 attention on WGMMA of sequences of up to 128 rows of whole heads (head_tile.cuh): a block is
// one warpgroup that has all keys of a sequence's head and works on 64 queries after the other.
// Four blocks a multiprocessor hide each other's copies, exponentials and products. Roundings are
// f16_kernel.cuh's.
#pragma once

#include "kernels/cuda/attention/wgmma.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::f16 {

/// kQueryGroups: times 64 queries a block.
template <int kHeadSize, int kQueryGroups>
struct HeadLayout {
  static constexpr int kHead = kHeadSize;
  static constexpr int kQueries = kQueryGroups * kGroupQueries;
  using QueryTile = Panels<kHead, kQueries>;
  using KeyTile = Panels<kHead, kShortRows>;
  static constexpr int kKeys = QueryTile::kBytes;  // offset
  static constexpr int kValues = kKeys + KeyTile::kBytes;
  static constexpr int kInverse = kValues + KeyTile::kBytes;  // offset of inverse_scale
  static constexpr int kBytes = kInverse + kHead * static_cast<int>(sizeof(float));
  static_assert(QueryTile::kCount == 1, "groups of queries are rows of one panel");
};

/// Starts the copies: Q, K and inverse_scale as one group, V as the next.
template <class Shape>
__device__ __forceinline__ void copy_block(const AttentionParams& p, const BlockWork& block,
                                           uint32_t memory) {
  const auto rows = [&](int part, size_t row) {
    return head_rows<uint16_t>(p, part, block.head, row);
  };
  copy_panels<typename Shape::QueryTile, kGroupThreads>(
      memory, rows(0, block.first_row + static_cast<size_t>(block.first_query)), block.queries);
  copy_panels<typename Shape::KeyTile, kGroupThreads>(memory + Shape::kKeys,
                                                      rows(1, block.first_row), block.keys);
  copy_inverse_scale<Shape::kHead>(p, memory + Shape::kInverse, block.head);
  commit_copies();
  copy_panels<typename Shape::KeyTile, kGroupThreads>(memory + Shape::kValues,
                                                      rows(2, block.first_row), block.keys);
  commit_copies();
}

/// Waits for this block's copies but the last kPending groups.
template <int kPending>
__device__ __forceinline__ void wait_for_block() {
  wait_for_copies<kPending>();
  publish_to_wgmma();
  __syncthreads();
}

/// One block's keys, of which there are more than 32 (kChunks - 1) and at most 32 kChunks.
template <class Shape, int kChunks>
__device__ __forceinline__ void attend_head_keys(const AttentionParams& p, const BlockWork& block,
                                                 char* shared) {
  using KeyTile = typename Shape::KeyTile;
  const uint32_t memory = shared_address(shared);
  wait_for_block<1>();
#pragma unroll 1
  for (int first = 0; first < min(block.queries, Shape::kQueries); first += kGroupQueries) {
    uint32_t a[2 * kChunks][4];
    float sum[2];
    {
      Accumulators<4 * kChunks> s;
      start_scores<typename Shape::QueryTile, KeyTile>(
          s, memory + static_cast<uint32_t>(first * KeyTile::kRowBytes), memory + Shape::kKeys);
      finish<0>(s);
      if (block.keys < 32 * kChunks) mask_last<4>(s, block.keys);
      exponentiate_rows(s, p.exponent_scale, sum);
      round_to_halves(a, s);
    }
    // From here on every warp has read its queries, where results are collected.
    if (first == 0)
      wait_for_block<0>();
    else
      __syncthreads();
    Accumulators<Shape::kHead / 8> out{};
    start_values<KeyTile>(out, a, memory + Shape::kValues);
    finish<0>(out);
    const int row = first + 16 * warp_of_block();
    write_warp<Shape::kHead>(p, block, row,
                             memory + static_cast<uint32_t>(row * KeyTile::kRowBytes),
                             reinterpret_cast<const float*>(shared + Shape::kInverse), out, sum);
  }
}

template <class Shape>
__device__ __forceinline__ void write_empty(const AttentionParams& p, const BlockWork& block,
                                            char* shared) {
  wait_for_block<0>();  // for inverse_scale
  const Accumulators<Shape::kHead / 8> out{};
  const float sum[2] = {};
#pragma unroll 1
  for (int row = 16 * warp_of_block(); row < Shape::kQueries; row += kGroupQueries)
    write_warp<Shape::kHead>(
        p, block, row,
        shared_address(shared) + static_cast<uint32_t>(row * Shape::QueryTile::kRowBytes),
        reinterpret_cast<const float*>(shared + Shape::kInverse), out, sum);
}

template <class Shape>
__global__ void __launch_bounds__(kGroupThreads, 4)
    attend_heads(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(1024) char shared[];
  const BlockWork block = work_of_block(p, Shape::kQueries);
  wait_for_predecessors();
  if (block.queries <= 0) return;
  copy_block<Shape>(p, block, shared_address(shared));
  release_successors();
  with_key_chunks(block.keys, [&](auto chunks) {
    if constexpr (chunks() > 0)
      attend_head_keys<Shape, chunks()>(p, block, shared);
    else
      write_empty<Shape>(p, block, shared);
  });
}

}  // namespace herosweep::kernels::cuda::f16
