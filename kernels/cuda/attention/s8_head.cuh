// Steps of INT8 attention of one warp on whole heads (head_tile.cuh): 16 queries against chunks of
// 32 keys, layouts as in s8_steps.cuh.
#pragma once

#include "kernels/cuda/attention/head_rows_out.cuh"
#include "kernels/cuda/attention/head_tile.cuh"
#include "kernels/cuda/attention/s8_steps.cuh"

namespace herosweep::kernels::cuda::s8 {

template <int kHead>
using Queries = uint32_t[kHead / 32][4];

/// V's addresses: a row of 32 keys to a lane, every chunk of 16 features.
template <int kHead>
using ValueAddresses = MatrixAddresses<kHead, 1>;

template <int kSteps>
__device__ __forceinline__ void load_queries(uint32_t (&q)[kSteps][4],
                                             const MatrixAddresses<32 * kSteps>& query) {
#pragma unroll
  for (int step = 0; step < kSteps; ++step) load_matrices(q[step], query.at(step, 0));
}

/// s <- the biased scores of the 32 kChunks keys that begin `offset` bytes behind `key`.
template <int kHead, int kChunks>
__device__ __forceinline__ void score_keys(Chunk (&s)[kChunks], const Queries<kHead>& q,
                                           const MatrixAddresses<kHead>& key, uint32_t offset) {
#pragma unroll
  for (int pair = 0; pair < 2 * kChunks; ++pair) {
    int(&low)[4] = s[pair / 2][pair % 2 * 2];
    int(&high)[4] = s[pair / 2][pair % 2 * 2 + 1];
#pragma unroll
    for (int step = 0; step < kHead / 32; ++step) {
      uint32_t b[4];
      load_matrices(b, key.at(step, 16 * pair) + offset);
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

/// out += probabilities of 32 keys times V, which begins `offset` bytes behind `value`.
template <int kHead>
__device__ __forceinline__ void weigh_values(Weighted<kHead>& out, const uint32_t (&a)[4],
                                             const ValueAddresses<kHead>& value, uint32_t offset) {
#pragma unroll
  for (int chunk = 0; chunk < kHead / 16; ++chunk) {
    uint32_t v[4];
    load_matrices_transposed(v, value.at(chunk, 0) + offset);
    multiply_values(out[chunk], a, v);
  }
}

/// Writes the warp's 16 rows out * scale_v / (255 l); it collects them where its queries were.
template <class Shape, bool kStaticRange>
__device__ __forceinline__ void write_warp(const AttentionParams& p, const BlockWork& block,
                                           char* shared, const Weighted<Shape::kHead>& out,
                                           Rows<float> sum) {
  constexpr int kHead = Shape::kHead;
  const int first = 16 * warp_of_block();
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
        write_eight_rows<kHead, 4>(p, staging, output_rows(p, block, first + 8 * half), y, inverse);
  }
  raise_if(!finite, p.nonfinite);
}

}  // namespace herosweep::kernels::cuda::s8
