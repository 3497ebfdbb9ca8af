// FP16 attention (formulas: kernels/attention.h; twin: kernels/reference/attention.cpp) on
// mma.sync, with a running maximum: when a block of keys raises a row's maximum m, the row's sums
// so far are multiplied by exp(m_before - m) (FlashAttention-2). Scores and sums are FP32; exp(a -
// m) is rounded to FP16 in front of P V, not in the row's sum l.
#pragma once

#include "kernels/cuda/attention/head_rows_out.cuh"
#include "kernels/cuda/attention/head_tile.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::f16 {

constexpr int kWarps = 4;
constexpr int kThreads = 32 * kWarps;

/// kTiles: tiles of 16 queries that a warp works on. Two halve the reads of K and V from shared
/// memory, which is what bounds small heads; large heads lack the registers.
/// kWholeHeads: AttentionParams::whole_heads, and head_size = kHeadSize.
template <int kHeadSize, int kQueryTiles, int kBlockKeys, int kResidentBlocks,
          bool kWholeHeads = false>
struct Layout {
  static constexpr bool kWhole = kWholeHeads;
  static constexpr int kHead = kHeadSize;  // padded
  static constexpr int kTiles = kQueryTiles;
  static constexpr int kKeys = kBlockKeys;         // of one block
  static constexpr int kBlocks = kResidentBlocks;  // of a multiprocessor
  static constexpr int kQueries = 16 * kTiles * kWarps;
  static constexpr int kRowBytes = 2 * kHead;
  static constexpr int kTile = kKeys * kRowBytes;
  static constexpr int kStages = kQueries * kRowBytes;  // offset of the first of two stages (K, V)
  static constexpr int kInverse = kStages + 4 * kTile;  // offset of inverse_scale
  static constexpr int kBytes = kInverse + kHead * static_cast<int>(sizeof(float));
  static constexpr int kSteps = kHead / 16;                    // of Q K^T
  static constexpr bool kQueriesStay = kHead * kTiles <= 128;  // in registers
};

template <class Shape>
class Warp {
 public:
  __device__ Warp(const AttentionParams& params, const BlockWork& block, char* shared)
      : p_(params),
        block_(block),
        memory_(shared_address(shared)),
        key_(addresses_by_key<Shape::kRowBytes>(memory_ + Shape::kStages)),
        value_(addresses_by_row<Shape::kRowBytes>(memory_ + Shape::kStages + Shape::kTile, 0)) {
    inverse_ = reinterpret_cast<float*>(shared + Shape::kInverse);
    first_ = warp_of_block() * 16 * Shape::kTiles;
    active_ = first_ < block.queries;
#pragma unroll
    for (int tile = 0; tile < Shape::kTiles; ++tile)
      maximum_[tile][0] = maximum_[tile][1] = -INFINITY;
  }

  __device__ void run() {
    const int blocks = (block_.keys + Shape::kKeys - 1) / Shape::kKeys;
    load_inverse_scale(p_, inverse_, block_.head);
    load(Part::q, memory_, block_.first_row + static_cast<size_t>(block_.first_query),
         block_.queries);
    load_stage(0);
    release_successors();
    for (int index = 0; index < blocks; ++index) {
      load_stage(index + 1);
      const uint32_t keys = stage(index);
      const int valid = block_.keys - index * Shape::kKeys;
      wait_for_copies<3>();
      __syncthreads();
      if (active_) {
        if (Shape::kQueriesStay && index == 0) load_queries();
        if (valid >= Shape::kKeys)
          score<false>(keys, valid);
        else
          score<true>(keys, valid);
        exponentiate();
      }
      wait_for_copies<2>();
      __syncthreads();
      if (active_) {
        if (valid >= Shape::kKeys)
          weigh<false>(keys, valid);
        else
          weigh<true>(keys, valid);
      }
      __syncthreads();
    }
    if (blocks == 0) {  // the loop has not waited for inverse_scale
      wait_for_copies<0>();
      __syncthreads();
    }
    if (active_) write();
  }

 private:
  enum class Part { q, k, v };

  __device__ void load(Part part, uint32_t tile, size_t row, int valid) {
    const HeadRows rows = head_rows<uint16_t>(p_, static_cast<int>(part), block_.head, row);
    if constexpr (Shape::kWhole) {
      if (part == Part::q)
        copy_rows<Shape::kRowBytes, Shape::kQueries, kThreads>(tile, rows, valid);
      else
        copy_rows<Shape::kRowBytes, Shape::kKeys, kThreads>(tile, rows, valid);
    } else if (part == Part::q)
      load_tile<uint16_t, Shape::kRowBytes, Shape::kQueries, kThreads>(p_, tile, rows, valid);
    else
      load_tile<uint16_t, Shape::kRowBytes, Shape::kKeys, kThreads>(p_, tile, rows, valid);
  }

  /// Bytes between the first stage and the one of block `index`.
  __device__ uint32_t stage(int index) const {
    return static_cast<uint32_t>(index & 1) * 2 * Shape::kTile;
  }

  /// Copies block `index` of K and V, as two groups; empty ones behind the last block.
  __device__ void load_stage(int index) {
    const int first_key = index * Shape::kKeys;
    const int valid = block_.keys - first_key;
    const size_t row = block_.first_row + static_cast<size_t>(first_key);
    const uint32_t to = memory_ + Shape::kStages + stage(index);
    if (valid > 0) load(Part::k, to, row, valid);
    commit_copies();
    if (valid > 0) load(Part::v, to + Shape::kTile, row, valid);
    commit_copies();
  }

  __device__ void load_queries() {
#pragma unroll
    for (int step = 0; step < Shape::kSteps; ++step) load_queries_of_step(step);
  }

  __device__ void load_queries_of_step(int step) {
#pragma unroll
    for (int tile = 0; tile < Shape::kTiles; ++tile)
      load_a<Shape::kRowBytes>(q_[Shape::kQueriesStay ? step : 0][tile], memory_,
                               first_ + 16 * tile, step);
  }

  /// s_ <- Q K^T of one block; masked where the keys end inside it.
  template <bool kEnds>
  __device__ void score(uint32_t keys, int valid) {
#pragma unroll
    for (int tile = 0; tile < Shape::kTiles; ++tile)
#pragma unroll
      for (int i = 0; i < Shape::kKeys / 8; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j) s_[tile][i][j] = 0.0f;
#pragma unroll
    for (int step = 0; step < Shape::kSteps; ++step) {
      if constexpr (!Shape::kQueriesStay) load_queries_of_step(step);
      const auto& q = q_[Shape::kQueriesStay ? step : 0];
#pragma unroll
      for (int pair = 0; pair < Shape::kKeys / 16; ++pair) {
        if (kEnds && 16 * pair >= valid) continue;
        uint32_t b[4];
        load_matrices(b, key_.at(step, 16 * pair) + keys);
#pragma unroll
        for (int tile = 0; tile < Shape::kTiles; ++tile) {
          multiply_f16(s_[tile][2 * pair], q[tile], b[0], b[1]);
          multiply_f16(s_[tile][2 * pair + 1], q[tile], b[2], b[3]);
        }
      }
    }
    if constexpr (kEnds) mask(valid);
  }

  __device__ void mask(int valid) {
    const int first = thread_of_block() % 4 * 2;
#pragma unroll
    for (int tile = 0; tile < Shape::kTiles; ++tile)
#pragma unroll
      for (int i = 0; i < Shape::kKeys / 8; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          if (first + 8 * i + j % 2 >= valid) s_[tile][i][j] = -INFINITY;
  }

  /// s_ <- exp(s_ - maximum), and what was summed before is brought to the new maximum.
  __device__ void exponentiate() {
#pragma unroll
    for (int tile = 0; tile < Shape::kTiles; ++tile) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float maximum = maximum_[tile][half];
#pragma unroll
        for (int i = 0; i < Shape::kKeys / 8; ++i)
          maximum = fmaxf(maximum, fmaxf(s_[tile][i][2 * half], s_[tile][i][2 * half + 1]));
        maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 1));
        maximum = fmaxf(maximum, __shfl_xor_sync(0xffffffffu, maximum, 2));
        // Only -inf so far: exp(-inf - 0) is 0, where -inf - -inf would be NaN.
        const float finite = maximum == -INFINITY ? 0.0f : maximum;
        const float shift = finite * p_.exponent_scale;
        const float rescale = exp2_approximate(maximum_[tile][half] * p_.exponent_scale - shift);
        maximum_[tile][half] = maximum;
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < Shape::kKeys / 8; ++i) {
#pragma unroll
          for (int j = 2 * half; j < 2 * half + 2; ++j) {
            s_[tile][i][j] = exp2_approximate(fmaf(s_[tile][i][j], p_.exponent_scale, -shift));
            sum += s_[tile][i][j];
          }
        }
        sum_[tile][half] = sum_[tile][half] * rescale + sum;
        if (__all_sync(0xffffffffu, rescale == 1.0f)) continue;  // no maximum rose
#pragma unroll
        for (int i = 0; i < Shape::kHead / 8; ++i) {
          out_[tile][i][2 * half] *= rescale;
          out_[tile][i][2 * half + 1] *= rescale;
        }
      }
    }
  }

  /// out_ += FP16(s_) V.
  template <bool kEnds>
  __device__ void weigh(uint32_t values, int valid) {
#pragma unroll
    for (int pair = 0; pair < Shape::kKeys / 16; ++pair) {
      if (kEnds && 16 * pair >= valid) continue;
      uint32_t a[Shape::kTiles][4];
#pragma unroll
      for (int tile = 0; tile < Shape::kTiles; ++tile) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float* s = s_[tile][2 * pair + i / 2] + i % 2 * 2;
          a[tile][i] = pack_half2(s[0], s[1]);
        }
      }
#pragma unroll
      for (int chunk = 0; chunk < Shape::kHead / 16; ++chunk) {
        uint32_t v[4];
        load_matrices_transposed(v, value_.at(chunk, 16 * pair) + values);
#pragma unroll
        for (int tile = 0; tile < Shape::kTiles; ++tile) {
          multiply_f16(out_[tile][2 * chunk], a[tile], v[0], v[1]);
          multiply_f16(out_[tile][2 * chunk + 1], a[tile], v[2], v[3]);
        }
      }
    }
  }

  __device__ void write() {
    bool finite = true;
    const int lane = lane_of_warp();
#pragma unroll
    for (int tile = 0; tile < Shape::kTiles; ++tile) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float sum = sum_[tile][half];
        sum += __shfl_xor_sync(0xffffffffu, sum, 1);
        sum += __shfl_xor_sync(0xffffffffu, sum, 2);
        const float factor = block_.keys == 0 ? 0.0f : 1.0f / sum;
        if constexpr (Shape::kWhole) {
          finite &= write_rows(tile, half, factor);
          continue;
        }
        const int query = first_ + 16 * tile + 8 * half + lane / 4;
        if (query >= block_.queries) continue;
        const size_t row = block_.first_row + static_cast<size_t>(block_.first_query + query);
#pragma unroll
        for (int i = 0; i < Shape::kHead / 8; ++i) {
          const float y[2] = {out_[tile][i][2 * half] * factor,
                              out_[tile][i][2 * half + 1] * factor};
          finite &= store_features(p_, row, block_.head, 8 * i + lane % 4 * 2, y, inverse_);
        }
      }
    }
    raise_if(!finite, p_.nonfinite);
  }

  /// Eight rows of whole heads, collected where the warp's queries were.
  __device__ bool write_rows(int tile, int half, float factor) {
    LaneFeatures<Shape::kHead, 2> y;
#pragma unroll
    for (int i = 0; i < Shape::kHead / 8; ++i)
#pragma unroll
      for (int j = 0; j < 2; ++j) y[i][j] = out_[tile][i][2 * half + j] * factor;
    return write_eight_rows<Shape::kHead, 2>(
        p_, memory_ + static_cast<uint32_t>(first_ * Shape::kRowBytes),
        output_rows(p_, block_, first_ + 16 * tile + 8 * half), y, inverse_);
  }

  const AttentionParams& p_;
  const BlockWork& block_;
  const uint32_t memory_;
  const MatrixAddresses<Shape::kRowBytes> key_;  // in the first stage
  const MatrixAddresses<Shape::kRowBytes> value_;
  float* inverse_;
  int first_;    // query of this warp
  bool active_;  // has queries
  uint32_t q_[Shape::kQueriesStay ? Shape::kSteps : 1][Shape::kTiles][4];
  float s_[Shape::kTiles][Shape::kKeys / 8][4];
  float out_[Shape::kTiles][Shape::kHead / 8][4] = {};
  float maximum_[Shape::kTiles][2];
  float sum_[Shape::kTiles][2] = {};
};

template <class Shape>
__global__ void __launch_bounds__(kThreads, Shape::kBlocks)
    attend(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(128) char shared[];
  const BlockWork block = work_of_block(p, Shape::kQueries);
  wait_for_predecessors();
  if (block.queries <= 0) return;
  Warp<Shape>(p, block, shared).run();
}

}  // namespace herosweep::kernels::cuda::f16
