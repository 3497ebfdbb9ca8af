// Residual addition, layer normalisation and quantization in one read of each row (LN^quant).
//
//   z = dequantize(residual) + dequantize(x)          (x.data may be null: z = residual)
//   y = (z - mean) / sqrt(var + eps) * gamma + beta   (FP32, biased variance)
//   out as `Output` says: FP32, INT8 token-wise, INT8 feature-wise, or several of them.
//
// Source: ZeroQuant-HERO, LN^quant. The residual is INT8 with a token scale or FP32, x is INT8 with
// a feature scale or FP32.
#pragma once

#include "kernels/types.h"

namespace herosweep::kernels {

struct LayerNormArgs {
  int rows = 0;
  int cols = 0;
  Operand residual;
  Operand x;
  const float* gamma = nullptr;  // [cols]
  const float* beta = nullptr;   // [cols]
  float epsilon = 1e-12f;
  Output out;                 // [rows, cols]
  bool* nonfinite = nullptr;  // set to true when a row has a NaN or infinite value
};

}  // namespace herosweep::kernels
