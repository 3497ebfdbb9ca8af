// INT8 attention of sequences of up to 128 rows of whole heads (head_tile.cuh): a block has all
// keys of a sequence's head, a warp 16 queries, and scores never leave registers. K is used while V
// is still on its way.
#pragma once

#include "kernels/cuda/attention/head_tile.cuh"
#include "kernels/cuda/attention/s8_head.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::s8 {

/// Probabilities of all keys, as A operands, and the sums l of the rows.
template <bool kStaticRange, int kChunks>
__device__ __forceinline__ void find_probabilities(uint32_t (&a)[kChunks][4], Chunk (&s)[kChunks],
                                                   float exponent_scale, Rows<float>& sum) {
  Rows<int> largest{kMasked, kMasked};
#pragma unroll
  for (int i = 0; i < kChunks; ++i) raise_maximum(largest, s[i]);
  const Rows<float> maximum = maximum_of_quad(largest);
#pragma unroll
  for (int i = 0; i < kChunks; ++i) {
    Rows<float> part{};  // short chains of additions
    exponentiate(s[i], maximum, exponent_scale, part);
    sum.low += part.low;
    sum.high += part.high;
    if (!kStaticRange) round_probabilities(a[i], s[i], {255.0f, 255.0f});
  }
  sum_of_quad(sum);
  if (!kStaticRange) return;
  const Rows<float> factor{255.0f / sum.low, 255.0f / sum.high};
#pragma unroll
  for (int i = 0; i < kChunks; ++i) round_probabilities(a[i], s[i], factor);
}

/// One block's keys, of which there are more than 32 (kChunks - 1) and at most 32 kChunks.
template <class Shape, bool kStaticRange, int kChunks>
__device__ __forceinline__ void attend_keys(const AttentionParams& p, int keys, uint32_t memory,
                                            bool active, Weighted<Shape::kHead>& out,
                                            Rows<float>& sum) {
  constexpr int kHead = Shape::kHead;
  const int warp = warp_of_block();
  const int lane = lane_of_warp();
  uint32_t a[kChunks][4];
  wait_for_copies<1>();
  __syncthreads();
  if (active) {
    Chunk s[kChunks];
    Queries<kHead> q;
    load_queries(q, addresses_by_row<kHead>(memory, 16 * warp));
    score_keys<kHead>(s, q, addresses_by_key<kHead>(memory + Shape::kKeys), 0);
    if (keys < kChunks * kChunkKeys) mask(s[kChunks - 1], (kChunks - 1) * kChunkKeys, keys);
    find_probabilities<kStaticRange>(a, s, p.exponent_scale, sum);
  }
  wait_for_copies<0>();
  __syncthreads();
  if (!active) return;
  const ValueAddresses<kHead> values(memory + Shape::kValues, lane, 0);
#pragma unroll
  for (int i = 0; i < kChunks; ++i) weigh_values<kHead>(out, a[i], values, i * kChunkKeys * kHead);
}

template <class Shape, bool kStaticRange>
__global__ void __launch_bounds__(Shape::kThreads, 3)
    attend_short(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(128) char shared[];
  const BlockWork block = work_of_block(p, Shape::kQueries);
  wait_for_predecessors();
  if (block.queries <= 0) return;
  const uint32_t memory = shared_address(shared);
  copy_head<uint8_t, Shape>(p, block, memory);
  release_successors();
  const bool active = warp_of_block() * 16 < block.queries;
  Weighted<Shape::kHead> out{};
  Rows<float> sum{};
  if (block.keys > 96) {
    attend_keys<Shape, kStaticRange, 4>(p, block.keys, memory, active, out, sum);
  } else if (block.keys > 64) {
    attend_keys<Shape, kStaticRange, 3>(p, block.keys, memory, active, out, sum);
  } else if (block.keys > 32) {
    attend_keys<Shape, kStaticRange, 2>(p, block.keys, memory, active, out, sum);
  } else if (block.keys > 0) {
    attend_keys<Shape, kStaticRange, 1>(p, block.keys, memory, active, out, sum);
  } else {  // inverse_scale is still needed
    wait_for_copies<0>();
    __syncthreads();
  }
  if (active) write_warp<Shape, kStaticRange>(p, block, shared, out, sum);
}

}  // namespace herosweep::kernels::cuda::s8
