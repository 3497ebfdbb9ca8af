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

/// values <- (values - mean) / sqrt(var + epsilon) * gamma + beta, in FP32.
///
/// The deviations from the rounded mean do not sum to zero; taking their mean out again is the
/// corrected two-pass algorithm (Chan, Golub, LeVeque). Without it a constant row, whose variance
/// is 0, has that error blown up by 1 / sqrt(epsilon).
template <class L>
__device__ __forceinline__ void normalize(const Row<L>& row, const NormParameter<L>& gamma,
                                          const NormParameter<L>& beta, float epsilon,
                                          Values<L>& values) {
  const float inverse_count = __fdividef(1.0f, static_cast<float>(row.cols));
  // A sum for each place in a vector: short chains of additions.
  float sums[L::kVector] = {};
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c)
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) sums[v] += values[c][v];
  const float mean = row_sum<L>(total(sums)) * inverse_count;
  float squares[L::kVector] = {};
#pragma unroll
  for (int v = 0; v < L::kVector; ++v) sums[v] = 0.0f;
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    const float centre = row.holds(c) ? mean : 0.0f;
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) {
      values[c][v] -= centre;
      sums[v] += values[c][v];
      squares[v] = fmaf(values[c][v], values[c][v], squares[v]);
    }
  }
  const float2 moments = row_sum<L>(make_float2(total(sums), total(squares)));
  const float shift = moments.x * inverse_count;
  const float variance = fmaxf(moments.y * inverse_count - shift * shift, 0.0f);
  // fmaxf drops a NaN, and an infinite variance would give zeros: both must reach the flag.
  const bool is_finite = moments.y < __int_as_float(0x7f800000);
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
