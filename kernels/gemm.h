// GEMM with a fused epilogue: the only matrix product of the engine.
//
//   v[m,o] = (sum_i x[m,i] * w[o,i]) * token_scale[m] * row_scale[o] + bias[o]
//   y[m,o] = activation(v[m,o])                                   (FP32)
//   out    = y as FP32, or INT8 as `Output` says (never token-wise: a tile holds part of a row)
//
// Operand types (x, w): (f32, f32); (f32, s8) and (f32, s4) weight-only; (s8, s8); (s8, s4); on
// CUDA f16 stands in place of f32 (products of f16 sum in FP32). s8 x s8 and s8 x s4 accumulate
// exactly in INT32: REQUIRES k * max|x| * max|w| <= 2^31 - 1. The accumulator is converted to FP32
// with round-to-nearest-even; all that follows is FP32. Corner cases: m = 0 does nothing; any m, n,
// k >= 1 (no alignment of shapes is required). Source: ZeroQuant (token-wise x group-wise W8A8),
// ZeroQuant-HERO (folded static scales).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels {

/// Weights of one linear layer in a backend's own layout, made by `Backend::pack`.
struct PackedWeights {
  ElementType type = ElementType::f32;
  int n = 0;                   // output features
  int k = 0;                   // input features
  const void* data = nullptr;  // 64-byte aligned, `Backend::packed_bytes(type, n, k)` bytes
};

struct GemmArgs {
  int m = 0;  // rows (tokens)
  ElementType x_type = ElementType::f32;
  const void* x = nullptr;             // [m, k] row-major, f32, f16 or s8
  const float* token_scale = nullptr;  // [m] or null (= 1)
  PackedWeights w;
  const float* row_scale = nullptr;  // [n] or null (= 1)
  const float* bias = nullptr;       // [n] or null (= 0)
  Activation activation = Activation::none;
  Output out;                 // [m, n]
  bool* nonfinite = nullptr;  // set to true when a value to be quantized, or rounded to FP16, is
                              // NaN or infinite (FP16 overflow included)
  Upcoming upcoming;          // weights and scales up to and with the next GEMM's
};

}  // namespace herosweep::kernels
