// What follows the accumulators of a tile, while they are in the first-level cache: scales, bias,
// activation, and the store as FP32, INT8 or both.
#pragma once

#include "kernels/cpu/avx512/gemm_tile.h"
#include "kernels/cpu/gelu_table.h"
#include "kernels/gemm.h"

namespace herosweep::kernels::cpu::avx512 {

/// The part of a GEMM's arguments that is the same for every tile.
struct Epilogue {
  explicit Epilogue(const GemmArgs& gemm_args);

  const GemmArgs& args;
  Arithmetic arithmetic;
  const GeluTable* gelu;  // or null
  int gelu_degree;        // 4 is exact enough for INT8
};

/// Writes rows [row, row + rows) x columns [column, column + 64) of the output (fewer columns at
/// its edge). Returns false when a value to be quantized is NaN or infinite.
bool finish_tile(const Epilogue& epilogue, const AccumulatorRow* acc, int row, int rows,
                 int column);

}  // namespace herosweep::kernels::cpu::avx512
