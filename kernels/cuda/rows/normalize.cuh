// Layer normalisation of a row in registers, shared by layer norm and embedding. The twin of
// reference::normalize_row.
#pragma once

#include "kernels/cuda/rows/reduce.cuh"
#include "kernels/cuda/rows/row.cuh"

namespace herosweep::kernels::cuda::rows {

template <int kCount>
__device__ __forceinline__ float total(const float (&sums)[kCount]) {
  if constexpr (kCount == 4) return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return sums[0];
}

/// The sum of a thread's values, one for each place in a vector: short chains of additions.
template <class L>
__device__ __forceinline__ float sum_of(const Values<L>& values) {
  float sums[L::kVector] = {};
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c)
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) sums[v] += values[c][v];
  return total(sums);
}

/// values <- (values - mean) / sqrt(var + epsilon) * gamma + beta, in FP32.
///
/// The deviations from the rounded mean do not sum to zero; taking their mean out again is the
/// corrected two-pass algorithm (Chan, Golub, LeVeque). Without it a constant row, whose variance
/// is 0, has that error blown up by 1 / sqrt(epsilon). Where the mean is less than 32 deviations,
/// it is about 2^-18 of one, and left in.
template <class L>
__device__ __forceinline__ void normalize(const Row<L>& row, const NormParameter<L>& gamma,
                                          const NormParameter<L>& beta, float epsilon,
                                          Values<L>& values) {
  const float inverse_count = __fdividef(1.0f, static_cast<float>(row.cols));
  const float mean = row_sum<L, 0>(sum_of<L>(values)) * inverse_count;
  float squares[L::kVector] = {};
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    const float centre = row.holds(c) ? mean : 0.0f;
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) {
      values[c][v] -= centre;
      squares[v] = fmaf(values[c][v], values[c][v], squares[v]);
    }
  }
  const float square = row_sum<L, 1>(total(squares));
  float variance = square * inverse_count;
  float shift = 0.0f;
  if (mean * mean > 1024.0f * variance) {
    shift = row_sum<L, 2>(sum_of<L>(values)) * inverse_count;
    variance = fmaxf(variance - shift * shift, 0.0f);
  }
  // fmaxf drops a NaN, and an infinite variance would give zeros: both must reach the flag.
  const bool is_finite = square < __int_as_float(0x7f800000);
  const float inverse_deviation =
      is_finite ? rsqrtf(variance + epsilon) : __int_as_float(0x7fffffff);
  const float offset = -shift * inverse_deviation;
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
