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

__device__ __forceinline__ float gelu_erf(float x) {
  return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f));
}

__device__ __forceinline__ float gelu_tanh(float x) {
  const float inner = 0.79788456080286536f * (x + 0.044715f * x * x * x);
  return 0.5f * x * (1.0f + tanhf(inner));
}

__device__ __forceinline__ float activate(Activation activation, float x) {
  if (activation == Activation::gelu_erf) return gelu_erf(x);
  if (activation == Activation::gelu_tanh) return gelu_tanh(x);
  return x;
}

/// Whether `value` is finite and stays so when it is rounded to FP16.
__device__ __forceinline__ bool fits_half(float value) { return fabsf(value) < 65520.0f; }

}  // namespace herosweep::kernels::cuda
