// Layer normalisation of a row in registers, shared by layer norm and embedding. The twin of
// reference::normalize_row.
#pragma once

#include <limits>

#include "kernels/cuda/rows/reduce.cuh"
#include "kernels/cuda/rows/row.cuh"

namespace herosweep::kernels::cuda::rows {

template <int kCount>
__device__ __forceinline__ float total(const float (&sums)[kCount]) {
  if constexpr (kCount == 4) return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return sums[0];
}

/// Of a thread's values: one chain of additions for each place in a vector, so that they are short.
template <class L>
__device__ __forceinline__ Moments moments_of(const Values<L>& values) {
  float sums[L::kVector], squares[L::kVector];
#pragma unroll
  for (int v = 0; v < L::kVector; ++v) {
    sums[v] = values[0][v];
    squares[v] = values[0][v] * values[0][v];
#pragma unroll
    for (int c = 1; c < L::kChunks; ++c) {
      sums[v] += values[c][v];
      squares[v] = fmaf(values[c][v], values[c][v], squares[v]);
    }
  }
  return {total(sums), total(squares)};
}

/// values <- (values - mean) / sqrt(var + epsilon) * gamma + beta, in FP32.
///
/// Both moments are summed in one pass; the error of the variance is (1 + mean^2 / var) times that
/// of the sum of squares. Where that is more than 5 times, or squares overflow, a second pass sums
/// the deviations from the rounded mean, and takes their mean out again (the corrected two-pass
/// algorithm: Chan, Golub, LeVeque). Without it a constant row, whose variance is 0, has that error
/// blown up by 1 / sqrt(epsilon).
template <class L>
__device__ __forceinline__ void normalize(const Row<L>& row, const NormParameter<L>& gamma,
                                          const NormParameter<L>& beta, float epsilon,
                                          Values<L>& values) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float inverse_count = __fdividef(1.0f, static_cast<float>(row.cols));
  Moments moments = row_sum<L, 0>(moments_of<L>(values));
  float mean = moments.sum * inverse_count;
  float variance = fmaf(-mean, mean, moments.squares * inverse_count);
  if (!(mean * mean <= 4.0f * variance && variance < kInfinity)) {
#pragma unroll
    for (int c = 0; c < L::kChunks; ++c) {
      const float centre = row.holds(c) ? mean : 0.0f;
#pragma unroll
      for (int v = 0; v < L::kVector; ++v) values[c][v] -= centre;
    }
    moments = row_sum<L, 1>(moments_of<L>(values));
    mean = moments.sum * inverse_count;
    variance = fmaxf(fmaf(-mean, mean, moments.squares * inverse_count), 0.0f);
  }
  // fmaxf drops a NaN, and an infinite variance would give zeros: both must reach the flag.
  const bool is_finite = moments.squares < kInfinity;
  const float inverse_deviation =
      is_finite ? rsqrtf(variance + epsilon) : __int_as_float(0x7fffffff);
  const float offset = -mean * inverse_deviation;
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    const Floats<L::kVector> factors = gamma.at(row, c);
    const Floats<L::kVector> terms = beta.at(row, c);
#pragma unroll
    for (int v = 0; v < L::kVector; ++v)
      values[c][v] =
          fmaf(fmaf(values[c][v], inverse_deviation, offset), factors.value[v], terms.value[v]);
  }
}

}  // namespace herosweep::kernels::cuda::rows
