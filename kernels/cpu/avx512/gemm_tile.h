// The register tile: up to 6 rows x 64 columns of accumulators over a run of steps.
//
//   acc[i, j] = start[i] + sum over steps of x[i, step] * w[step, j]
//
// 6 x 4 accumulators, 4 vectors of weights and one or two of activations fill the 32 registers; a
// step costs 24 multiplications and 10 loads, so the two multipliers are the limit, not the loads.
// Both element types advance 4 bytes of x and 256 bytes of w a step and differ in one instruction.
// That instruction is written as assembly: GCC copies and spills accumulators of its own intrinsic.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/avx512/gemm_layout.h"

namespace herosweep::kernels::cpu::avx512 {

inline constexpr int kTileRows = 6;
inline constexpr int kTileVectors = kPanelColumns / 16;

/// Steps between a weight's prefetch and its use: 240 cycles of a full tile, a third-level hit. The
/// hardware's own prefetcher leaves 2 to 5 % on the table.
inline constexpr int kPrefetchSteps = 20;

/// Accumulators of one tile, or of all tiles of a row block: rows of 64 INT32 or FP32 values.
using AccumulatorRow = int32_t[kPanelColumns];

struct TileOperands {
  const char* x = nullptr;  // first row, first step of this run
  size_t x_stride = 0;      // bytes between rows
  const char* w = nullptr;  // 64-byte aligned
  int steps = 0;
  bool resume = false;             // continue from what `acc` holds instead of `start`
  const int32_t* start = nullptr;  // [rows], or null (= 0)
  AccumulatorRow* acc = nullptr;   // [rows], 64-byte aligned
};

enum class Arithmetic { integer, floating };

template <Arithmetic arithmetic>
[[gnu::always_inline]] static inline void multiply_add(__m512i& acc, __m512i x, __m512i w) {
  if constexpr (arithmetic == Arithmetic::integer) {
    asm("vpdpbusd %1, %2, %0" : "+v"(acc) : "v"(x), "v"(w));
  } else {
    asm("vfmadd231ps %1, %2, %0" : "+v"(acc) : "v"(x), "v"(w));
  }
}

template <Arithmetic arithmetic, int rows>
static void compute_tile(const TileOperands& t) {
  __m512i acc[rows][kTileVectors];
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
    const __m512i start = _mm512_set1_epi32(t.start != nullptr ? t.start[i] : 0);
#pragma GCC unroll 8
    for (int j = 0; j < kTileVectors; ++j) {
      acc[i][j] = t.resume ? _mm512_load_si512(t.acc[i] + 16 * j) : start;
    }
  }
  const char* x = t.x;
  const char* w = t.w;
  for (int step = 0; step < t.steps; ++step) {
    __m512i weights[kTileVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kTileVectors; ++j) {
      weights[j] = _mm512_load_si512(w + 64 * j);
      _mm_prefetch(w + kPrefetchSteps * kStepBytes + 64 * j, _MM_HINT_T0);
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
      int32_t four_bytes;
      __builtin_memcpy(&four_bytes, x + i * t.x_stride, sizeof four_bytes);
      const __m512i broadcast = _mm512_set1_epi32(four_bytes);
#pragma GCC unroll 8
      for (int j = 0; j < kTileVectors; ++j) {
        multiply_add<arithmetic>(acc[i][j], broadcast, weights[j]);
      }
    }
    x += 4;
    w += kStepBytes;
  }
  AccumulatorRow* out = t.acc;  // a copy: the stores might change t
#pragma GCC unroll 8
  for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kTileVectors; ++j) _mm512_store_si512(out[i] + 16 * j, acc[i][j]);
  }
}

/// REQUIRES 1 <= rows <= kTileRows.
template <Arithmetic arithmetic>
static void compute_tile(int rows, const TileOperands& t) {
  switch (rows) {
    case 1:
      return compute_tile<arithmetic, 1>(t);
    case 2:
      return compute_tile<arithmetic, 2>(t);
    case 3:
      return compute_tile<arithmetic, 3>(t);
    case 4:
      return compute_tile<arithmetic, 4>(t);
    case 5:
      return compute_tile<arithmetic, 5>(t);
    default:
      return compute_tile<arithmetic, 6>(t);
  }
}

}  // namespace herosweep::kernels::cpu::avx512
