// Steps of FP16 attention that kernels share whose warps work on 16 queries each, scores and sums
// in the accumulators of mma.sync, which are WGMMA's as well. Roundings are f16_kernel.cuh's.
#pragma once

#include "kernels/cuda/attention/head_rows_out.cuh"
#include "kernels/cuda/tensor_core.cuh"

namespace herosweep::kernels::cuda::f16 {

/// Accumulators of 16 queries: [8 kEights columns][as an accumulator of mma].
template <int kEights>
using Accumulators = float[kEights][4];

/// Masks keys from `valid` on in the last 8 kMasked of s.
template <int kMasked, int kEights>
__device__ __forceinline__ void mask_last(Accumulators<kEights>& s, int valid) {
  const int first = lane_of_warp() % 4 * 2;
#pragma unroll
  for (int i = kEights - kMasked; i < kEights; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (first + 8 * i + j % 2 >= valid) s[i][j] = -INFINITY;
}

/// The largest score of row g + 8 half.
template <int kEights>
__device__ __forceinline__ float maximum_of_row(const Accumulators<kEights>& s, int half) {
  float maximum = fmaxf(s[0][2 * half], s[0][2 * half + 1]);
#pragma unroll
  for (int i = 1; i < kEights; ++i)
    maximum = fmaxf(maximum, fmaxf(s[i][2 * half], s[i][2 * half + 1]));
  maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 1));
  return fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 2));
}

/// Where all scores are -inf: exp(-inf - 0) is 0, while -inf - -inf would be NaN.
__device__ __forceinline__ float finite_or_zero(float maximum) {
  return maximum == -INFINITY ? 0.0f : maximum;
}

/// s <- 2^(s scale - shift) in row g + 8 half. Returns the sum of what this lane has of it.
template <int kEights>
__device__ __forceinline__ float exponentiate_row(Accumulators<kEights>& s, int half, float scale,
                                                  float shift) {
  float parts[4] = {};  // short chains of additions
#pragma unroll
  for (int i = 0; i < kEights; ++i) {
#pragma unroll
    for (int j = 2 * half; j < 2 * half + 2; ++j) {
      s[i][j] = exp2_approximate(fmaf(s[i][j], scale, -shift));
      parts[i % 4] += s[i][j];
    }
  }
  return (parts[0] + parts[1]) + (parts[2] + parts[3]);
}

/// Of the lanes that share a row.
__device__ __forceinline__ void sum_of_rows(float (&sum)[2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    sum[half] += __shfl_xor_sync(0xffffffffu, sum[half], 1);
    sum[half] += __shfl_xor_sync(0xffffffffu, sum[half], 2);
  }
}

/// s <- exp(s - the row's maximum); sum <- the sums of rows g and g + 8.
template <int kEights>
__device__ __forceinline__ void exponentiate_rows(Accumulators<kEights>& s, float scale,
                                                  float (&sum)[2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float shift = finite_or_zero(maximum_of_row(s, half)) * scale;
    sum[half] = exponentiate_row(s, half, scale, shift);
  }
  sum_of_rows(sum);
}

/// FP16 A operands of 16 kPairs keys.
template <int kPairs>
__device__ __forceinline__ void round_to_halves(uint32_t (&a)[kPairs][4],
                                                const Accumulators<2 * kPairs>& s) {
#pragma unroll
  for (int pair = 0; pair < kPairs; ++pair) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float* two = s[2 * pair + i / 2] + i % 2 * 2;
      a[pair][i] = pack_half2(two[0], two[1]);
    }
  }
}

/// Writes the warp's 16 rows out / sum, or zeros without keys. `first`: the first of the rows.
template <int kHead>
__device__ __forceinline__ void write_warp(const AttentionParams& p, const BlockWork& block,
                                           int first, uint32_t staging, const float* inverse,
                                           const Accumulators<kHead / 8>& out,
                                           const float (&sum)[2]) {
  bool finite = true;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float factor = block.keys == 0 ? 0.0f : 1.0f / sum[half];
    LaneFeatures<kHead, 2> y;
#pragma unroll
    for (int i = 0; i < kHead / 8; ++i)
#pragma unroll
      for (int j = 0; j < 2; ++j) y[i][j] = out[i][2 * half + j] * factor;
    finite &=
        write_eight_rows<kHead, 2>(p, staging, output_rows(p, block, first + 8 * half), y, inverse);
  }
  raise_if(!finite, p.nonfinite);
}

}  // namespace herosweep::kernels::cuda::f16
