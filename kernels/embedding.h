// Gather of token, position and type embeddings, then layer normalisation (Embedding^quant).
//
//   z[t] = token[ids[t]] * token_row_scale[ids[t]] + position[positions[t]] + type[types[t]]
//   y, out: as in layer_norm.h
//
// Source: ZeroQuant-HERO (token table INT8 with one scale a row; position and type tables stay FP).
#pragma once

#include <cstdint>

#include "kernels/types.h"

namespace herosweep::kernels {

struct EmbeddingArgs {
  int rows = 0;                               // tokens
  int cols = 0;                               // hidden size
  const int32_t* ids = nullptr;               // [rows], REQUIRES 0 <= id < vocabulary size
  const int32_t* positions = nullptr;         // [rows]
  const int32_t* types = nullptr;             // [rows]
  ElementType token_type = ElementType::f32;  // f32, f16 or s8
  const void* token_table = nullptr;          // [vocabulary, cols]
  const float* token_row_scale = nullptr;     // [vocabulary], for s8
  ElementType table_type = ElementType::f32;  // of the other two tables: f32 or f16
  const void* position_table = nullptr;       // [positions, cols]
  const void* type_table = nullptr;           // [types, cols]
  const float* gamma = nullptr;               // [cols]
  const float* beta = nullptr;                // [cols]
  float epsilon = 1e-12f;
  Output out;  // [rows, cols]
  bool* nonfinite = nullptr;
};

}  // namespace herosweep::kernels
