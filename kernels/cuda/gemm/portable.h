// The portable GEMM family (mma.sync, cp.async; compute capability 8.0 and newer): what the host
// chooses and hands to the kernel. Formula, shapes and corner cases: kernels/gemm.h; reference
// twin: kernels/reference/gemm.cpp. Weights as cuda::pack lays them out.
#pragma once

#include <cstdint>

#include "kernels/gemm.h"

namespace herosweep::kernels::cuda::portable {

/// Rows and columns of the output that one block computes.
enum class TileSize : uint8_t { t128x128, t64x64, t32x32 };
inline constexpr TileSize kTileSizes[] = {TileSize::t128x128, TileSize::t64x64, TileSize::t32x32};

/// The tile that keeps `multiprocessors` busiest on an output of [m, n].
TileSize choose(int m, int n, int multiprocessors);

/// cuda::portable::gemm with a tile of the caller's choice. Rows of x that are no multiple of 16
/// bytes, or not aligned to 16, take a 64x64 tile that copies x by elements, whatever was asked.
/// Throws std::invalid_argument for operands or outputs that no kernel of this backend has.
void gemm(const GemmArgs& args, TileSize size);

/// One GEMM as the kernel sees it. Null pointers as in GemmArgs and Output.
struct Problem {
  const void* x;  // [m, k], rows of `x_row_bytes`
  const void* w;  // [n, k], rows of `w_row_bytes`, a multiple of 16
  int64_t x_row_bytes;
  int64_t w_row_bytes;
  int m;
  int n;
  int column_tiles;
  const float* token_scale;
  const float* row_scale;
  const float* bias;
  const float* inverse_scale;
  void* f16;
  int8_t* s8;
  bool* nonfinite;
  float low;
  float high;
  Activation activation;
  bool store_vectors;  // rows of the outputs may be written four elements at a time
  bool aligned;        // rows of x may be read 16 bytes at a time
};

/// Operand pairs (portable_pair.cuh). Each launcher is instantiated in one .cu file.
struct S8S8;
struct S8S4;
struct F16F16;
struct F16S8;
struct F16S4;
template <class Pair>
void launch_pair(const Problem& problem, TileSize size);

}  // namespace herosweep::kernels::cuda::portable
