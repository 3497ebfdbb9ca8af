// Quantization as an operator of its own, for edges whose producer does not hold the whole row
// (ZeroQuant: attention -> output projection; fc1 -> [GELU] -> fc2).
//
//   y = activation(x) in FP32; out as `Output` says (usually INT8 token-wise)
#pragma once

#include "kernels/types.h"

namespace herosweep::kernels {

struct QuantizeArgs {
  int rows = 0;
  int cols = 0;
  ElementType x_type = ElementType::f32;  // f32 or f16
  const void* x = nullptr;                // [rows, cols]
  Activation activation = Activation::none;
  Output out;  // [rows, cols]
  bool* nonfinite = nullptr;
};

}  // namespace herosweep::kernels
