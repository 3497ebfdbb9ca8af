// What `Output` means, for a row in registers. The twin of reference::write_row.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

#include "kernels/cuda/numeric.cuh"
#include "kernels/cuda/rows/reduce.cuh"
#include "kernels/cuda/rows/row.cuh"

namespace herosweep::kernels::cuda::rows {

inline constexpr unsigned kInfinityBits = 0x7f800000u;
inline constexpr unsigned kHalfOverflowBits = 0x477ff000u;  // 65520: rounds to infinity in FP16

/// The larger one; NaN where either is.
__device__ __forceinline__ float larger_or_nan(float a, float b) {
  float result;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
  return result;
}

/// Bits of the largest magnitude that this thread holds. They are ordered as the floats are, with
/// infinity and NaN last, so one integer maximum finds amax and whether all is finite.
template <class L>
__device__ __forceinline__ unsigned largest_bits(const Values<L>& values) {
  float largest[L::kVector];  // one for each place in a vector: short chains
#pragma unroll
  for (int v = 0; v < L::kVector; ++v) {
    largest[v] = fabsf(values[0][v]);
#pragma unroll
    for (int c = 1; c < L::kChunks; ++c)
      largest[v] = larger_or_nan(largest[v], fabsf(values[c][v]));
  }
#pragma unroll
  for (int v = 1; v < L::kVector; ++v) largest[0] = larger_or_nan(largest[0], largest[v]);
  return __float_as_uint(largest[0]);
}

__device__ __forceinline__ uint32_t half_pair(float low, float high) {
  const __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

template <class L>
__device__ __forceinline__ void write_f16(const Row<L>& row, const Values<L>& y, void* out) {
  using Vector = std::conditional_t<L::kVector == 4, uint2, __half>;
  Vector chunks[L::kChunks];
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    if constexpr (L::kVector == 4)
      chunks[c] = make_uint2(half_pair(y[c][0], y[c][1]), half_pair(y[c][2], y[c][3]));
    else
      chunks[c] = __float2half_rn(y[c][0]);
  }
  store_chunks<L>(row, chunks, row.in(static_cast<Vector*>(out), row.index));
}

/// Writes rint(value(c, v)), values of [-128, 127].
template <class L, class Value>
__device__ __forceinline__ void write_s8(const Row<L>& row, int8_t* out, Value value) {
  using Vector = std::conditional_t<L::kVector == 4, uint32_t, int8_t>;
  Vector chunks[L::kChunks];
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    if constexpr (L::kVector == 4) {
      const float four[4] = {value(c, 0), value(c, 1), value(c, 2), value(c, 3)};
      chunks[c] = signed_bytes(four);
    } else {
      chunks[c] = static_cast<int8_t>(__float2int_rn(value(c, 0)));
    }
  }
  store_chunks<L>(row, chunks, row.in(reinterpret_cast<Vector*>(out), row.index));
}

/// q = clamp(rint(y * inverse_scale(c))). Returns whether a product is NaN or infinite.
template <class L, class InverseScale>
__device__ __forceinline__ bool write_clamped(const Row<L>& row, const Values<L>& y,
                                              const Output& out, InverseScale inverse_scale) {
  const float low = static_cast<float>(out.range.low);
  const float high = static_cast<float>(out.range.high);
  Values<L> scaled;
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    const Floats<L::kVector> inverse = inverse_scale(c);
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) scaled[c][v] = y[c][v] * inverse.value[v];
  }
  write_s8<L>(row, out.s8, [&](int c, int v) { return fminf(fmaxf(scaled[c][v], low), high); });
  return largest_bits<L>(scaled) >= kInfinityBits;
}

/// Measures the row's scale, stores it and writes INT8.
template <class L>
__device__ __forceinline__ void write_token_wise(const Row<L>& row, const Values<L>& y,
                                                 unsigned largest, const Output& out) {
  const float amax = __uint_as_float(row_max<L>(largest));
  const float scale = symmetric_scale(amax, out.range.divisor);
  if (row.thread == 0) out.token_scale[row.index] = scale;
  if (out.s8 == nullptr) return;
  const float inverse = __fdividef(1.0f, scale);  // scale < 2^126
  const float limit = static_cast<float>(min(out.range.high, -out.range.low));
  if (out.range.divisor <= limit) {
    // |y| * inverse <= divisor, but for an ulp: nothing to clamp.
    write_s8<L>(row, out.s8, [&](int c, int v) { return y[c][v] * inverse; });
  } else {
    write_clamped<L>(row, y, out, [&](int) { return same<L>(inverse); });
  }
}

/// Writes the row to every pointer that `out` sets, and the flag where a value is NaN or infinite
/// or becomes so in its output format.
template <class L>
__device__ __forceinline__ void write_row(const Row<L>& row, const Values<L>& y, const Output& out,
                                          bool* nonfinite) {
  const unsigned largest = largest_bits<L>(y);
  bool overflows = largest >= (out.f16 != nullptr ? kHalfOverflowBits : kInfinityBits);
  if (out.f16 != nullptr) write_f16<L>(row, y, out.f16);
  if (out.token_scale != nullptr) {
    write_token_wise<L>(row, y, largest, out);
  } else if (out.s8 != nullptr && out.inverse_scale != nullptr) {
    const Parameter<L> inverse_scale(out.inverse_scale, row);
    overflows |= write_clamped<L>(row, y, out, [&](int c) { return inverse_scale.at(row, c); });
  } else if (out.s8 != nullptr) {
    write_clamped<L>(row, y, out, [&](int) { return same<L>(1.0f); });
  }
  if (overflows && nonfinite != nullptr) *nonfinite = true;
}

}  // namespace herosweep::kernels::cuda::rows
