// The inner parts of the portable GEMM, compiled twice: for any processor and, on x86-64, for AVX2
// with FMA, which is chosen when the processor has it. Both give the same integer results.
#pragma once

#include "kernels/cpu/gelu_table.h"
#include "kernels/cpu/portable/gemm_layout.h"
#include "kernels/gemm.h"

namespace herosweep::kernels::cpu::portable {

inline constexpr int kTileRows = 6;

/// Products of integers up to 128 * 128 that FP32 sums exactly: 2^24 / 2^14. A block stays below.
inline constexpr int kBlockSteps = 512;
static_assert(kBlockSteps % 2 == 0 && kBlockSteps * 128 * 128 <= 1 << 24);

using AccumulatorRow = float[kPanelColumns];

/// acc[i, j] = sum over k of x[i, k] * w[k, j], rows <= kTileRows, [ks, 16] weights.
struct TileOperands {
  const float* x = nullptr;
  size_t x_stride = 0;  // values between rows
  const float* w = nullptr;
  int rows = 0;
  int ks = 0;
  AccumulatorRow* acc = nullptr;
};

/// One panel's epilogue parameters, padded to sixteen columns by the identity.
struct PanelEpilogue {
  float row_scale[kPanelColumns];
  float bias[kPanelColumns];
  float inverse_scale[kPanelColumns];
  const GeluTable* gelu = nullptr;
  Int8Range range;
};

/// Sixteen results of one row.
struct RowResult {
  float y[kPanelColumns];
  int8_t q[kPanelColumns];
  /// 0 when every value to be quantized is finite, else NaN.
  float zero;
};

struct BlockFunctions {
  void (*compute_tile)(const TileOperands&);
  void (*finish_row)(const PanelEpilogue&, float token_scale, const float* acc, RowResult&);
};

const BlockFunctions& block_functions();

}  // namespace herosweep::kernels::cpu::portable
