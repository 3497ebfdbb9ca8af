// The portable GEMM: one block computes a tile of the output, all of k.
//
// Steps of 128 bytes of each row of x, and the same run of k of w, pass through a ring of stages in
// shared memory, filled by cp.async ahead of the products. Warps share a tile as [M, N, K]: those
// that differ in K take alternate halves of each step and add up at the end, which keeps the tiles
// of warps large (fewer reads of shared memory a product) where tiles of blocks are small.
#pragma once

#include <type_traits>

#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/device.h"
#include "kernels/cuda/gemm/portable_copy.cuh"
#include "kernels/cuda/gemm/portable_epilogue.cuh"
#include "kernels/cuda/gemm/portable_pair.cuh"

namespace herosweep::kernels::cuda::portable {

inline constexpr int kStepBytes = 128;                  // of a row of x
inline constexpr int kRuns = kStepBytes / 64;           // of 64 bytes, see portable_pair.cuh
inline constexpr size_t kLeastSharedBytes = 99 * 1024;  // what 8.6 and 8.9 give to a block

template <int rows, int columns, int warps_m, int warps_n, int warps_k, int shared_bytes,
          int blocks, bool aligned>
struct Tile {
  static constexpr int kRows = rows;
  static constexpr int kColumns = columns;
  static constexpr int kWarpsM = warps_m;
  static constexpr int kWarpsN = warps_n;
  static constexpr int kWarpsK = warps_k;
  static constexpr int kThreads = warps_m * warps_n * warps_k * 32;
  static constexpr int kSharedBytes = shared_bytes;  // at most, for the stages
  static constexpr int kBlocks = blocks;     // of a multiprocessor that registers must suffice for
  static constexpr bool kAligned = aligned;  // rows of x, to 16 bytes
};

/// How `Pair` fills the stages of a tile.
template <class Pair, class Tile>
struct Pipeline {
  static constexpr int kWeightBytes = static_cast<int>(sizeof(typename Pair::Weights)) * 4 * kRuns;
  static constexpr int kXBytes = Tile::kRows * kStepBytes;
  static constexpr int kStageBytes = kXBytes + Tile::kColumns * kWeightBytes;
  static constexpr int kStages = Tile::kSharedBytes / kStageBytes;
  using Sums = Staging<typename Pair::Sum, Tile::kRows, Tile::kColumns, Tile::kWarpsK>;
  static constexpr int kBytes =
      kStages * kStageBytes > Sums::kBytes ? kStages* kStageBytes : Sums::kBytes;
  using XCopier = Copier<Tile::kRows, kStepBytes, Tile::kThreads, false>;
  using WCopier = Copier<Tile::kColumns, kWeightBytes, Tile::kThreads, true>;
  static_assert(kStages >= 2 && kBytes <= kLeastSharedBytes);
};

/// One warp's part of a tile.
template <class Pair, class Tile>
class Warp {
  using Pipeline = portable::Pipeline<Pair, Tile>;
  static constexpr int kRows = Tile::kRows / Tile::kWarpsM;
  static constexpr int kColumns = Tile::kColumns / Tile::kWarpsN;
  static constexpr int kRowBlocks = kRows / 16;
  static constexpr int kColumnBlocks = kColumns / 8;

 public:
  __device__ __forceinline__ Warp() {
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int lane = static_cast<int>(threadIdx.x) % 32;
    group_ = lane / 4;
    member_ = lane % 4;
    row_ = warp % Tile::kWarpsM * kRows;
    column_ = warp / Tile::kWarpsM % Tile::kWarpsN * kColumns;
    slice_ = warp / (Tile::kWarpsM * Tile::kWarpsN);
  }

  /// Adds the products of one stage.
  __device__ __forceinline__ void multiply_stage(const unsigned char* stage) {
#pragma unroll 1  // both runs at once would need more registers than there are
    for (int run = 0; run < kRuns / Tile::kWarpsK; ++run)
      multiply_run(stage, run * Tile::kWarpsK + slice_);
  }

  __device__ __forceinline__ void store(const typename Pipeline::Sums& sums) const {
#pragma unroll
    for (int i = 0; i < kRowBlocks; ++i) {
#pragma unroll
      for (int j = 0; j < kColumnBlocks; ++j) {
        const int row = row_ + i * 16 + group_;
        const int column = column_ + j * 8 + member_ * 2;
        const auto& sum = sums_[i][j];
        sums.store(slice_, row, column, sum[0], sum[1]);
        sums.store(slice_, row + 8, column, sum[2], sum[3]);
      }
    }
  }

 private:
  __device__ __forceinline__ void multiply_run(const unsigned char* stage, int run) {
    const unsigned char* x =
        stage + run_offset<kStepBytes>(row_ + group_, run) + member_ * kStepBytes / 8;
    const unsigned char* w = stage + Pipeline::kXBytes +
                             run_offset<Pipeline::kWeightBytes>(column_ + group_, run) +
                             member_ * Pipeline::kWeightBytes / 8;
    uint4 top[kRowBlocks], bottom[kRowBlocks];
#pragma unroll
    for (int i = 0; i < kRowBlocks; ++i) {
      top[i] = *reinterpret_cast<const uint4*>(x + i * 16 * kStepBytes);
      bottom[i] = *reinterpret_cast<const uint4*>(x + (i * 16 + 8) * kStepBytes);
    }
#pragma unroll
    for (int j = 0; j < kColumnBlocks; ++j) {
      const uint4 b = Pair::operands(
          *reinterpret_cast<const typename Pair::Weights*>(w + j * 8 * Pipeline::kWeightBytes));
#pragma unroll
      for (int i = 0; i < kRowBlocks; ++i)
        multiply(sums_[i][j], top[i].x, bottom[i].x, top[i].y, bottom[i].y, b.x, b.y);
#pragma unroll
      for (int i = 0; i < kRowBlocks; ++i)
        multiply(sums_[i][j], top[i].z, bottom[i].z, top[i].w, bottom[i].w, b.z, b.w);
    }
  }

  int group_;   // lanes that share a row of x and of w
  int member_;  // of the group
  int row_;     // of the tile
  int column_;
  int slice_;
  typename Pair::Sum sums_[kRowBlocks][kColumnBlocks][4] = {};
};

/// Stores the sums of every warp, then finishes the tile in runs of four columns.
template <class Pair, class Tile>
__device__ __forceinline__ void finish_tile(const Problem& problem, const Warp<Pair, Tile>& warp,
                                            unsigned char* shared, int first_row,
                                            int first_column) {
  using Sum = typename Pair::Sum;
  const typename Pipeline<Pair, Tile>::Sums sums{reinterpret_cast<Sum*>(shared)};
  constexpr int kColumnGroups = Tile::kColumns / kVector;
  constexpr int kRowsAtOnce = Tile::kThreads / kColumnGroups;
  const int thread = static_cast<int>(threadIdx.x);
  const int column = thread % kColumnGroups * kVector;
  Finisher finisher(problem, first_column + column);
  const int rows = min(Tile::kRows, problem.m - first_row);
  if (thread < rows)
    sums.token_scales()[thread] =
        problem.token_scale != nullptr ? problem.token_scale[first_row + thread] : 1.0f;
  warp.store(sums);
  __syncthreads();
  if (first_column + column >= problem.n) return;
#pragma unroll 1
  for (int row = thread / kColumnGroups; row < rows; row += kRowsAtOnce) {
    Sum values[kVector];
    sums.load(row, column, values);
    finisher.finish(first_row + row, sums.token_scales()[row], values);
  }
  finisher.report();
}

template <class Pair, class Tile>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    multiply_tile(const __grid_constant__ Problem problem) {
  using Pipeline = portable::Pipeline<Pair, Tile>;
  using Element = std::conditional_t<Pair::kElementBytes == 1, uint8_t, uint16_t>;
  constexpr int kStages = Pipeline::kStages;
  extern __shared__ __align__(128) unsigned char shared[];
  const int block = static_cast<int>(blockIdx.x);
  const int first_row = block / problem.column_tiles * Tile::kRows;
  const int first_column = block % problem.column_tiles * Tile::kColumns;
  const typename Pipeline::XCopier x(problem.x, problem.x_row_bytes, first_row, problem.m);
  const typename Pipeline::WCopier w(problem.w, problem.w_row_bytes, first_column, problem.n);
  const auto copy_x = [&](int step, int stage) {
    unsigned char* to = shared + stage * Pipeline::kStageBytes;
    if constexpr (Tile::kAligned)
      x.copy(step, shared_address(to));
    else
      x.template copy_elements<Element>(step, to);
  };
  const auto copy_w = [&](int step, int stage) {
    w.copy(step, shared_address(shared) + stage * Pipeline::kStageBytes + Pipeline::kXBytes);
  };

  const int steps = static_cast<int>((problem.x_row_bytes + kStepBytes - 1) / kStepBytes);
  // No operator writes weights, so they need not wait; their copies all belong to the first group.
#pragma unroll 1
  for (int step = 0; step < min(steps, kStages - 1); ++step) copy_w(step, step);
  wait_for_predecessors();
#pragma unroll 1
  for (int step = 0; step < kStages - 1; ++step) {
    if (step < steps) copy_x(step, step);
    commit_copies();
  }
  release_successors();

  Warp<Pair, Tile> warp;
  int stage = 0;
  int free_stage = kStages - 1;
#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    wait_for_copies<kStages - 2>();
    __syncthreads();  // the stage is complete, and no warp reads the one before any more
    const int ahead = step + kStages - 1;
    if (ahead < steps) {
      copy_x(ahead, free_stage);
      copy_w(ahead, free_stage);
    }
    commit_copies();  // even if empty: waiting counts groups
    warp.multiply_stage(shared + stage * Pipeline::kStageBytes);
    stage = stage + 1 < kStages ? stage + 1 : 0;
    free_stage = free_stage + 1 < kStages ? free_stage + 1 : 0;
  }
  __syncthreads();
  finish_tile(problem, warp, shared, first_row, first_column);
}

template <class Pair, class Tile>
void launch_tile(const Problem& tileless) {
  constexpr int kBytes = Pipeline<Pair, Tile>::kBytes;
  constexpr auto kKernel = multiply_tile<Pair, Tile>;
  allow_shared_memory<kKernel, kBytes>();
  Problem problem = tileless;
  problem.column_tiles = (problem.n - 1) / Tile::kColumns + 1;
  const auto row_tiles = static_cast<unsigned>((problem.m - 1) / Tile::kRows + 1);
  launch(kKernel, dim3(row_tiles * static_cast<unsigned>(problem.column_tiles)),
         dim3(Tile::kThreads), kBytes, problem);
}

// Shared memory is divided so that two large, three medium or four small blocks meet on a
// multiprocessor of 9.0: one multiplies while another waits or stores.
using Large = Tile<128, 128, 2, 2, 1, 96 * 1024, 2, true>;
using Medium = Tile<64, 64, 1, 2, 2, 64 * 1024, 3, true>;
using Small = Tile<32, 32, 1, 2, 2, 48 * 1024, 4, true>;
using Ragged = Tile<64, 64, 1, 2, 2, 64 * 1024, 3, false>;

template <class Pair>
void launch_pair(const Problem& problem, TileSize size) {
  if (!problem.aligned)
    launch_tile<Pair, Ragged>(problem);
  else if (size == TileSize::t128x128)
    launch_tile<Pair, Large>(problem);
  else if (size == TileSize::t64x64)
    launch_tile<Pair, Medium>(problem);
  else
    launch_tile<Pair, Small>(problem);
}

}  // namespace herosweep::kernels::cuda::portable
