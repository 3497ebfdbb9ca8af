// Fused bidirectional multi-head self-attention over packed (ragged) sequences.
//
//   a[i,j] = (q_i . k_j) * scale_q * scale_k * score_scale    (FP32; INT8 products sum in INT32)
//
//   rowmax:       E = rint(255 * exp(a - max_j a)) as UINT8,
//                 l = sum_j exp(a - max_j a) in FP32, before rounding,
//                 o_i = (E_i V) * scale_v / (255 * l)
//   static_range: P = rint(255 * p) as UINT8, o_i = (P_i V) * scale_v / 255
//   FP input:     softmax and P V in FP32 (scale_* are 1, `softmax` is not read); on CUDA P is
//                 rounded to FP16 in front of P V
//
// The row's true maximum is used. A row without any valid key gives 0.
// REQUIRES scale_q * scale_k * score_scale >= 0; for INT8 at most 65,793 keys (INT32 sums of
// 255 * 128).
// Source: ZeroQuant-HERO Softmax^quant; the rowmax form is this project's (docs/numerics.md).
#pragma once

#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels {

struct AttentionArgs {
  int heads = 0;
  int head_size = 0;  // 1 to 256
  int sequences = 0;
  const int32_t* offsets =
      nullptr;  // [sequences + 1], row where each sequence starts; rows = offsets[sequences]
  const int32_t* lengths =
      nullptr;  // [sequences] valid keys of each sequence, or null: all its rows.
                // Query rows past it attend to the valid keys like any other.
  // What CUDA, which cannot read `offsets` on the host, sizes its grid and its copies by:
  int longest = 0;                      // rows of the longest sequence
  int rows = 0;                         // offsets[sequences]
  ElementType type = ElementType::f32;  // of qkv: f32, f16 or s8
  const void* qkv = nullptr;  // [rows, 3 * heads * head_size]: Q, K, V side by side, head-major
  float scale_q = 1.0f;
  float scale_k = 1.0f;
  float scale_v = 1.0f;
  float score_scale = 1.0f;  // usually 1 / sqrt(head_size)
  SoftmaxMode softmax = SoftmaxMode::rowmax;
  Output out;                 // [rows, heads * head_size]; FP32, or INT8 with inverse_scale
  bool* nonfinite = nullptr;  // set to true when an output value is NaN or infinite
};

}  // namespace herosweep::kernels
