// Scalar arithmetic that every kernel shares: quantization, GELU, FP16 (docs/numerics.md, section
// 1).
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels::cuda {

/// clamp(rint(scaled), low, high); NaN gives 0. The twin of reference::quantize_scaled.
__device__ __forceinline__ int quantize_scaled(float scaled, float low, float high) {
  // fminf and fmaxf drop a NaN, which the callers flag.
  return __float2int_rn(fminf(fmaxf(scaled, low), high));
}

/// amax / divisor, or 1 where that is below FLT_MIN. The twin of reference::symmetric_scale.
__device__ __forceinline__ float symmetric_scale(float amax, float divisor) {
  const float scale = amax / divisor;
  return scale < 1.17549435e-38f ? 1.0f : scale;
}

/// Both GELUs are relu(x) - |x| T(|x|), where T falls from 1/2 to 0: erfc(a / sqrt(2)) / 2, or
/// 1 / (1 + exp(2 u(a))) with u the cubic of gelu_tanh. log2 T is smooth, so a polynomial of degree
/// 8 (highest power first) and one exp2 replace erff and tanhf. Fitted on [0, 6.2] (erf) and
/// [0, 5.2] (tanh) to an absolute error of GELU of 5e-8 and 2e-7 and a relative error of 8e-6 and
/// 7e-5 where FP16 is normal; the leading coefficient is negative, so that T vanishes beyond.
template <int kDegree>
struct GeluTail {
  float coefficient[kDegree + 1];
};
using GeluPolynomial = GeluTail<8>;

__host__ __device__ constexpr GeluPolynomial gelu_erf_polynomial() {
  return {{-9.112925812e-07f, 1.444748744e-05f, -5.620398580e-05f, -4.885203709e-04f,
           7.594408596e-03f, -5.294471619e-02f, -4.590076503e-01f, -1.151146536e+00f,
           -9.999972382e-01f}};
}

__host__ __device__ constexpr GeluPolynomial gelu_tanh_polynomial() {
  return {{-2.925209848e-05f, 4.588814964e-04f, -2.445032518e-03f, 3.551264805e-03f,
           4.482150650e-03f, -5.023167234e-02f, -4.592423007e-01f, -1.151204339e+00f,
           -9.999855053e-01f}};
}

/// 2^x to 2 units in the last place; 0 below the normal range.
__device__ __forceinline__ float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// For INT8 outputs alone: degree 5, fitted on [0, 4.5] to an absolute error of 5e-7 (erf) and 5e-6
/// (tanh). The finest sensible step is 0.17 / 127 (GELU's least value is -0.17): of erf's roundings
/// at most 0.04 % move, of the 0.1 % that docs/numerics.md allows; of tanh's at most 0.1 % where
/// the step is 0.01.
using CoarseGeluPolynomial = GeluTail<5>;

__host__ __device__ constexpr CoarseGeluPolynomial coarse_gelu_erf_polynomial() {
  return {{-4.732914385e-04f, 7.084428333e-03f, -5.182704329e-02f, -4.599928260e-01f,
           -1.150787711e+00f, -1.000037670e+00f}};
}

__host__ __device__ constexpr CoarseGeluPolynomial coarse_gelu_tanh_polynomial() {
  return {{-1.978522167e-03f, 8.727912791e-03f, -4.739727825e-02f, -4.653585553e-01f,
           -1.148297071e+00f, -1.000363469e+00f}};
}

/// relu(x) - |x| 2^p(|x|), the polynomial's highest power first.
template <int kDegree>
__device__ __forceinline__ float gelu(const GeluTail<kDegree>& log2_tail, float x) {
  const float a = fabsf(x);
  float power = log2_tail.coefficient[0];
#pragma unroll
  for (int i = 1; i <= kDegree; ++i) power = fmaf(power, a, log2_tail.coefficient[i]);
  return fmaf(-a, exp2_approximate(power), fmaxf(x, 0.0f));
}

__device__ __forceinline__ float gelu_erf(float x) { return gelu(gelu_erf_polynomial(), x); }
__device__ __forceinline__ float gelu_tanh(float x) { return gelu(gelu_tanh_polynomial(), x); }

__device__ __forceinline__ float activate(Activation activation, float x) {
  if (activation == Activation::gelu_erf) return gelu_erf(x);
  if (activation == Activation::gelu_tanh) return gelu_tanh(x);
  return x;
}

/// rint of four values, saturated to [-128, 127] or [0, 255], the first in the lowest byte.
/// Conversion and pack are two instructions together.
#define HEROSWEEP_PACKED_BYTES(NAME, TYPE)                                            \
  __device__ __forceinline__ uint32_t NAME(const float(&values)[4]) {                 \
    uint32_t high, all;                                                               \
    asm("cvt.pack.sat." TYPE ".s32.b32 %0, %1, %2, 0;"                                \
        : "=r"(high)                                                                  \
        : "r"(__float2int_rn(values[3])), "r"(__float2int_rn(values[2])));            \
    asm("cvt.pack.sat." TYPE ".s32.b32 %0, %1, %2, %3;"                               \
        : "=r"(all)                                                                   \
        : "r"(__float2int_rn(values[1])), "r"(__float2int_rn(values[0])), "r"(high)); \
    return all;                                                                       \
  }
HEROSWEEP_PACKED_BYTES(signed_bytes, "s8")
HEROSWEEP_PACKED_BYTES(unsigned_bytes, "u8")
#undef HEROSWEEP_PACKED_BYTES

/// Whether `value` is finite and stays so when it is rounded to FP16.
__device__ __forceinline__ bool fits_half(float value) { return fabsf(value) < 65520.0f; }

}  // namespace herosweep::kernels::cuda
