// INT8 attention of sequences of up to 128 rows of whole heads (head_tile.cuh): one block has all
// of a sequence's head, a warp 16 queries, and scores never leave registers. K is used while V is
// still on its way.
#pragma once

#include "kernels/cuda/attention/head_rows_out.cuh"
#include "kernels/cuda/attention/head_tile.cuh"
#include "kernels/cuda/attention/s8_steps.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::s8 {

/// s <- the biased scores of 32 kChunks keys.
template <int kHead, int kChunks>
__device__ __forceinline__ void score_keys(Chunk (&s)[kChunks], const MatrixAddresses<kHead>& query,
                                           const MatrixAddresses<kHead>& key) {
  constexpr int kSteps = kHead / 32;
  uint32_t q[kSteps][4];
#pragma unroll
  for (int step = 0; step < kSteps; ++step) load_matrices(q[step], query.at(step, 0));
#pragma unroll
  for (int pair = 0; pair < 2 * kChunks; ++pair) {
    int(&low)[4] = s[pair / 2][pair % 2 * 2];
    int(&high)[4] = s[pair / 2][pair % 2 * 2 + 1];
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      uint32_t b[4];
      load_matrices(b, key.at(step, 16 * pair));
      if (step == 0) {
        multiply_s8_from(low, q[0], b[0], b[1], kScoreBias);
        multiply_s8_from(high, q[0], b[2], b[3], kScoreBias);
      } else {
        multiply_s8(low, q[step], b[0], b[1]);
        multiply_s8(high, q[step], b[2], b[3]);
      }
    }
  }
}

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

/// V of one head: a row of 32 keys to a lane, chunks of 16 features.
template <int kHead>
using ValueAddresses = MatrixAddresses<kHead, 1>;

/// out += probabilities of 32 keys, the first of which is `key`, times V.
template <int kHead>
__device__ __forceinline__ void weigh_values(Weighted<kHead>& out, const uint32_t (&a)[4],
                                             const ValueAddresses<kHead>& value, int key) {
#pragma unroll
  for (int chunk = 0; chunk < kHead / 16; ++chunk) {
    uint32_t v[4];
    load_matrices_transposed(v, value.at(chunk, key));
    multiply_values(out[chunk], a, v);
  }
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
    score_keys<kHead>(s, addresses_by_row<kHead>(memory, 16 * warp),
                      addresses_by_key<kHead>(memory + Shape::kTile));
    if (keys < kChunks * kChunkKeys) mask(s[kChunks - 1], (kChunks - 1) * kChunkKeys, keys);
    find_probabilities<kStaticRange>(a, s, p.exponent_scale, sum);
  }
  wait_for_copies<0>();
  __syncthreads();
  if (!active) return;
  const ValueAddresses<kHead> values(memory + 2 * Shape::kTile, lane, 0);
#pragma unroll
  for (int i = 0; i < kChunks; ++i) weigh_values<kHead>(out, a[i], values, i * kChunkKeys);
}

/// Writes the warp's 16 rows out * scale_v / (255 l).
template <class Shape, bool kStaticRange>
__device__ __forceinline__ void write_warp(const AttentionParams& p, const BlockWork& block,
                                           char* shared, const Weighted<Shape::kHead>& out,
                                           Rows<float> sum) {
  constexpr int kHead = Shape::kHead;
  const int first = warp_of_block() * 16;
  const uint32_t staging = shared_address(shared) + static_cast<uint32_t>(first * kHead);
  const auto* inverse = reinterpret_cast<const float*>(shared + Shape::kInverse);
  bool finite = true;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float unit = kStaticRange ? 255.0f : 255.0f * (half == 0 ? sum.low : sum.high);
    const float factor = block.keys == 0 ? 0.0f : p.scale_v / unit;
    LaneFeatures<kHead, 4> y;
#pragma unroll
    for (int i = 0; i < kHead / 16; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        y[i][j] = static_cast<float>(out[i][j % 2][2 * half + j / 2]) * factor;
    finite &=
        write_eight_rows<kHead, 4>(p, staging, eight_rows(p, block, first + 8 * half), y, inverse);
  }
  raise_if(!finite, p.nonfinite);
}

template <class Shape, bool kStaticRange>
__global__ void __launch_bounds__(Shape::kThreads, 2)
    attend_short(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(128) char shared[];
  wait_for_predecessors();
  const BlockWork block = work_of_block(p, Shape::kRows);
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
