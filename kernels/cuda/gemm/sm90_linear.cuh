// What the epilogues of the SM90 GEMMs share: parameters of the linear part, the scales of a
// thread's columns, stores, and the test for values that are not finite.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/numeric.cuh"

namespace herosweep::kernels::cuda::sm90 {

/// A vector over rows or columns, or one value for all of them. Device memory, aligned to 16 bytes;
/// where stride is 0, four equal values.
struct Scales {
  const float* data = nullptr;
  int stride = 1;  // 0 or 1
};

struct EpilogueParameters {
  Scales token_scale;    // [m]
  Scales row_scale;      // [n]
  Scales bias;           // [n]
  Scales inverse_scale;  // [n], read for INT8 output
  void* out = nullptr;   // [m, n]
  int n = 0;             // a multiple of 8
  float low = -127.0f;
  float range = 254.0f;  // high - low
  bool* nonfinite = nullptr;
  bool activate = false;
  GeluPolynomial gelu{};               // of the activation, for FP16 and FP32 output
  CoarseGeluPolynomial coarse_gelu{};  // of the activation, for INT8 output
};

/// NaN as soon as one value was NaN or infinite, else 0: one multiply-add a value, no comparison.
class FiniteCheck {
 public:
  __device__ __forceinline__ void add(const float (&values)[4]) {
    add(values[0], values[1]);
    add(values[2], values[3]);
  }
  __device__ __forceinline__ void add(float a, float b) {
    poison_[0] = fmaf(a, 0.0f, poison_[0]);
    poison_[1] = fmaf(b, 0.0f, poison_[1]);
  }
  __device__ __forceinline__ void add(__half2 values) {
    half_poison_ = __hfma2(values, __float2half2_rn(0.0f), half_poison_);
  }
  __device__ __forceinline__ bool failed() const {
    return isnan(poison_[0] + poison_[1]) || __hisnan(__low2half(half_poison_)) ||
           __hisnan(__high2half(half_poison_));
  }

 private:
  float poison_[2] = {};
  __half2 half_poison_ = __float2half2_rn(0.0f);
};

/// rint of four values, saturated to [-128, 127], the first in the lowest byte. Conversion and pack
/// are two instructions together.
__device__ __forceinline__ uint32_t saturated_bytes(const float* values) {
  uint32_t high, all;
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, 0;"
      : "=r"(high)
      : "r"(__float2int_rn(values[3])), "r"(__float2int_rn(values[2])));
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, %3;"
      : "=r"(all)
      : "r"(__float2int_rn(values[1])), "r"(__float2int_rn(values[0])), "r"(high));
  return all;
}

/// Stores under a predicate: a branch, which the compiler would make, costs as much as ten results.
__device__ __forceinline__ void store_if(bool condition, void* to, uint2 bits) {
  asm volatile(
      "{\n .reg .pred p;\n setp.ne.b32 p, %0, 0;\n @p st.global.v2.b32 [%1], {%2, %3};\n}" ::"r"(
          static_cast<int>(condition)),
      "l"(to), "r"(bits.x), "r"(bits.y)
      : "memory");
}
__device__ __forceinline__ void store_if(bool condition, void* to, uint4 bits) {
  asm volatile(
      "{\n .reg .pred p;\n setp.ne.b32 p, %0, 0;\n @p st.global.v4.b32 [%1], {%2, %3, %4, "
      "%5};\n}" ::"r"(static_cast<int>(condition)),
      "l"(to), "r"(bits.x), "r"(bits.y), "r"(bits.z), "r"(bits.w)
      : "memory");
}

/// |value| <= 2^exponent; false for a NaN.
template <int kExponent>
__device__ __forceinline__ bool within(float value) {
  static_assert(kExponent < 64, "a shift");
  return fabsf(value) <= static_cast<float>(uint64_t{1} << kExponent);
}

/// What the vectors over n hold for four neighbouring columns. Ordinary loads, not through the
/// read-only path: stores keep the compiler from moving them ahead, where the accumulators need the
/// registers.
struct Columns {
  float row_scale[4], bias[4], inverse_scale[4];

  __device__ __forceinline__ Columns(const EpilogueParameters& params, int column,
                                     bool with_inverse) {
    column = min(column, params.n - 4);  // results behind the end are not stored
    read(row_scale, params.row_scale, column);
    read(bias, params.bias, column);
    if (with_inverse) read(inverse_scale, params.inverse_scale, column);
  }

  /// Makes the scales give (q - low) / range; without an activation the inverse scale goes into the
  /// others.
  template <bool kActivate>
  __device__ __forceinline__ void prepare(const EpilogueParameters& params) {
    const float unit = __fdividef(1.0f, params.range);
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      inverse_scale[j] *= unit;
      if constexpr (!kActivate) {
        row_scale[j] *= inverse_scale[j];
        bias[j] = fmaf(bias[j], inverse_scale[j], -params.low * unit);
      }
    }
  }

 private:
  static __device__ __forceinline__ void read(float (&to)[4], Scales from, int column) {
    const auto four = *reinterpret_cast<const float4*>(from.data + column * from.stride);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
  }
};

}  // namespace herosweep::kernels::cuda::sm90
