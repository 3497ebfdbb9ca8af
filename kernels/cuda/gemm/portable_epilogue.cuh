// What follows the sums of the portable GEMM: scales, bias, activation, FP16 and INT8 stores. Sums
// go through shared memory, so that slices of k meet there and rows are stored in runs.
#pragma once

#include <cuda_fp16.h>

#include <cfloat>
#include <cstdint>

#include "kernels/cuda/gemm/portable.h"
#include "kernels/cuda/numeric.cuh"

namespace herosweep::kernels::cuda::portable {

inline constexpr int kVector = 4;  // consecutive columns that a thread finishes

/// Where a tile's sums lie in shared memory: [kSlices, kRows, kStride], then token scales [kRows].
template <class Sum, int kRows, int kColumns, int kSlices>
struct Staging {
  // Eight words behind each row: the eight rows that a warp stores at once meet different banks.
  static constexpr int kStride = kColumns + 8;
  static constexpr int kSliceElements = kRows * kStride;
  static constexpr int kBytes = (kSlices * kSliceElements + kRows) * 4;

  Sum* sums;

  __device__ __forceinline__ float* token_scales() const {
    return reinterpret_cast<float*>(sums + kSlices * kSliceElements);
  }
  __device__ __forceinline__ void store(int slice, int row, int column, Sum first,
                                        Sum second) const {
    Sum* to = sums + slice * kSliceElements + row * kStride + column;
    to[0] = first;
    to[1] = second;
  }
  __device__ __forceinline__ void load(int row, int column, Sum (&values)[kVector]) const {
    struct alignas(16) Vector {
      Sum element[kVector];
    };
#pragma unroll
    for (int slice = 0; slice < kSlices; ++slice) {
      const Vector vector =
          *reinterpret_cast<const Vector*>(sums + slice * kSliceElements + row * kStride + column);
#pragma unroll
      for (int i = 0; i < kVector; ++i)
        values[i] = slice == 0 ? vector.element[i] : values[i] + vector.element[i];
    }
  }
};

/// Finishes columns `column` to `column` + 3 of any row.
class Finisher {
 public:
  __device__ __forceinline__ Finisher(const Problem& problem, int column)
      : problem_(problem), column_(column) {
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const bool inside = column + i < problem.n;
      row_scale_[i] = inside && problem.row_scale != nullptr ? problem.row_scale[column + i] : 1.0f;
      bias_[i] = inside && problem.bias != nullptr ? problem.bias[column + i] : 0.0f;
      inverse_scale_[i] =
          inside && problem.inverse_scale != nullptr ? problem.inverse_scale[column + i] : 1.0f;
    }
  }

  template <class Sum>
  __device__ __forceinline__ void finish(int row, float token_scale, const Sum (&sums)[kVector]) {
    float y[kVector];
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const float v = static_cast<float>(sums[i]) * token_scale * row_scale_[i] + bias_[i];
      y[i] = activate(problem_.activation, v);
    }
    const int64_t at = int64_t{row} * problem_.n + column_;
    if (problem_.f16 != nullptr) store_halves(static_cast<__half*>(problem_.f16) + at, y);
    if (problem_.s8 != nullptr) store_bytes(problem_.s8 + at, y);
  }

  /// Raises the flag if any value so far asked for it.
  __device__ __forceinline__ void report() const {
    if (nonfinite_ && problem_.nonfinite != nullptr) *problem_.nonfinite = true;
  }

 private:
  __device__ __forceinline__ bool is_inside(int i) const { return column_ + i < problem_.n; }

  /// Stores values that `Vector` holds, at once where rows allow it.
  template <class Vector, class Element>
  __device__ __forceinline__ void store(Element* to, const Element (&values)[kVector]) const {
    if (problem_.store_vectors) {
      *reinterpret_cast<Vector*>(to) = *reinterpret_cast<const Vector*>(values);
      return;
    }
#pragma unroll
    for (int i = 0; i < kVector; ++i)
      if (is_inside(i)) to[i] = values[i];
  }

  __device__ __forceinline__ void store_halves(__half* to, const float (&y)[kVector]) {
    alignas(8) __half values[kVector];
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      values[i] = __float2half_rn(y[i]);
      nonfinite_ |= is_inside(i) && !fits_half(y[i]);
    }
    store<uint2>(to, values);
  }

  __device__ __forceinline__ void store_bytes(int8_t* to, const float (&y)[kVector]) {
    alignas(4) int8_t values[kVector];
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const float scaled = y[i] * inverse_scale_[i];
      values[i] = static_cast<int8_t>(quantize_scaled(scaled, problem_.low, problem_.high));
      nonfinite_ |= is_inside(i) && !(fabsf(scaled) <= FLT_MAX);
    }
    store<uint32_t>(to, values);
  }

  const Problem& problem_;
  int column_;
  float row_scale_[kVector];
  float bias_[kVector];
  float inverse_scale_[kVector];
  bool nonfinite_ = false;
};

}  // namespace herosweep::kernels::cuda::portable
