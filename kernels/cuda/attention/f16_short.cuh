// FP16 attention of sequences of up to 128 rows of whole heads (head_tile.cuh): one block has all
// of a sequence's head, a warp 16 queries, and scores never leave registers. K is used while V is
// still on its way. Roundings are f16_kernel.cuh's.
#pragma once

#include "kernels/cuda/attention/f16_rows.cuh"
#include "kernels/cuda/attention/head_tile.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::f16 {

/// s <- Q K^T of 16 kPairs keys.
template <int kRowBytes, int kPairs>
__device__ __forceinline__ void score_keys(Accumulators<2 * kPairs>& s,
                                           const MatrixAddresses<kRowBytes>& query,
                                           const MatrixAddresses<kRowBytes>& key) {
  constexpr int kSteps = kRowBytes / 32;
  uint32_t q[kSteps][4];
#pragma unroll
  for (int step = 0; step < kSteps; ++step) load_matrices(q[step], query.at(step, 0));
#pragma unroll
  for (int pair = 0; pair < kPairs; ++pair) {
#pragma unroll
    for (int i = 0; i < 4; ++i) s[2 * pair][i] = s[2 * pair + 1][i] = 0.0f;
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      uint32_t b[4];
      load_matrices(b, key.at(step, 16 * pair));
      multiply_f16(s[2 * pair], q[step], b[0], b[1]);
      multiply_f16(s[2 * pair + 1], q[step], b[2], b[3]);
    }
  }
}

/// out += probabilities `a` of 16 keys, the first of which is `key`, times V.
template <int kRowBytes>
__device__ __forceinline__ void weigh_values(Accumulators<kRowBytes / 16>& out,
                                             const uint32_t (&a)[4],
                                             const MatrixAddresses<kRowBytes>& value, int key) {
#pragma unroll
  for (int step = 0; step < kRowBytes / 32; ++step) {
    uint32_t v[4];
    load_matrices_transposed(v, value.at(step, key));
    multiply_f16(out[2 * step], a, v[0], v[1]);
    multiply_f16(out[2 * step + 1], a, v[2], v[3]);
  }
}

/// One block's keys, of which there are more than 32 (kChunks - 1) and at most 32 kChunks.
template <class Shape, int kChunks>
__device__ __forceinline__ void attend_keys(const AttentionParams& p, int keys, uint32_t memory,
                                            bool active, Accumulators<Shape::kHead / 8>& out,
                                            float (&sum)[2]) {
  constexpr int kRowBytes = Shape::kRowBytes;
  uint32_t a[2 * kChunks][4];
  wait_for_copies<1>();
  __syncthreads();
  if (active) {
    Accumulators<4 * kChunks> s;
    score_keys<kRowBytes, 2 * kChunks>(s, addresses_by_row<kRowBytes>(memory, 16 * warp_of_block()),
                                       addresses_by_key<kRowBytes>(memory + Shape::kKeys));
    if (keys < 32 * kChunks) mask_last<4>(s, keys);
    exponentiate_rows(s, p.exponent_scale, sum);
    round_to_halves(a, s);
  }
  wait_for_copies<0>();
  __syncthreads();
  if (!active) return;
  const auto values = addresses_by_row<kRowBytes>(memory + Shape::kValues, 0);
#pragma unroll
  for (int i = 0; i < 2 * kChunks; ++i) weigh_values<kRowBytes>(out, a[i], values, 16 * i);
}

template <class Shape>
__global__ void __launch_bounds__(Shape::kThreads, 2)
    attend_short(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(128) char shared[];
  const BlockWork block = work_of_block(p, Shape::kQueries);
  wait_for_predecessors();
  if (block.queries <= 0) return;
  const uint32_t memory = shared_address(shared);
  copy_head<uint16_t, Shape>(p, block, memory);
  release_successors();
  const int first = 16 * warp_of_block();
  const bool active = first < block.queries;
  Accumulators<Shape::kHead / 8> out{};
  float sum[2];
  with_key_chunks(block.keys, [&](auto chunks) {
    if constexpr (chunks() > 0) {
      attend_keys<Shape, chunks()>(p, block.keys, memory, active, out, sum);
    } else {  // inverse_scale is still needed
      wait_for_copies<0>();
      __syncthreads();
    }
  });
  if (!active) return;
  write_warp<Shape::kHead>(p, block, first,
                           memory + static_cast<uint32_t>(first * Shape::kRowBytes),
                           reinterpret_cast<const float*>(shared + Shape::kInverse), out, sum);
}

}  // namespace herosweep::kernels::cuda::f16
