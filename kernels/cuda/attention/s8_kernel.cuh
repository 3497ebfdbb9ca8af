// INT8 attention (formulas: kernels/attention.h; twin: kernels/reference/attention.cpp) on
// mma.sync, for every head size and alignment (whole heads: s8_short.cuh, s8_long.cuh).
//
// One block works on 64 queries of one head, a warp on 16 of them. Keys come in blocks; while one
// is used, the next is copied. Where all keys of a sequence are one block, their scores stay in
// registers. Otherwise the keys are passed over twice: for the row's true maximum, then for
// exponentials and P V (three times for SoftmaxMode::static_range, which needs l before P).
#pragma once

#include <climits>

#include "kernels/cuda/attention/block.cuh"
#include "kernels/cuda/attention/s8_steps.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::s8 {

constexpr int kWarps = 4;
constexpr int kThreads = 32 * kWarps;
constexpr int kQueries = 16 * kWarps;

/// Shared memory of a block: Q, one or two stages of K and V, inverse_scale.
template <int kHead>
struct Layout {
  static constexpr int kKeys = kHead <= 128 ? 128 : 64;  // of one block of keys
  static constexpr int kTile = kKeys * kHead;
  static constexpr int kStage = 2 * kTile;
  static constexpr int kStages = kQueries * kHead;    // offset of the first stage
  static constexpr int kSteps = kHead / 32;           // of Q K^T
  static constexpr bool kQueriesStay = kHead <= 128;  // in registers
  static constexpr int kBlocks = kHead <= 64 ? 4 : kHead <= 128 ? 3 : 2;  // of a multiprocessor
  static constexpr int bytes(int stages) {
    return kStages + stages * kStage + kHead * static_cast<int>(sizeof(float));
  }
};

template <int kHead>
class Warp {
 public:
  using Shape = Layout<kHead>;

  __device__ Warp(const AttentionParams& params, const BlockWork& block, char* shared)
      : p_(params), block_(block), memory_(shared_address(shared)) {
    blocks_ = (block.keys + Shape::kKeys - 1) / Shape::kKeys;
    inverse_ =
        reinterpret_cast<float*>(shared + Shape::kStages + (blocks_ > 1 ? 2 : 1) * Shape::kStage);
    first_ = warp_of_block() * 16;
    active_ = first_ < block.queries;
  }

  __device__ void run() {
    load_inverse_scale(p_, inverse_, block_.head);
    load(Part::q, memory_, block_.first_row + block_.first_query, block_.queries);
    if (blocks_ <= 1)
      attend_resident();
    else
      attend_streamed();
    write();
  }

 private:
  enum class Part { q, k, v };

  __device__ void load(Part part, uint32_t tile, size_t row, int valid) {
    const HeadRows rows = head_rows<uint8_t>(p_, static_cast<int>(part), block_.head, row);
    constexpr int kKeys = Shape::kKeys;
    if (part == Part::q)
      load_tile<uint8_t, kHead, kQueries, kThreads>(p_, tile, rows, valid);
    else
      load_tile<uint8_t, kHead, kKeys, kThreads>(p_, tile, rows, valid);
  }

  __device__ void load_queries() {
    if constexpr (Shape::kQueriesStay) {
#pragma unroll
      for (int step = 0; step < Shape::kSteps; ++step)
        load_a<kHead>(q_[step], memory_, first_, step);
    }
  }

  /// Scores of keys [key, key + 32) of a tile, masked from `valid` on.
  __device__ void score_chunk(Chunk& s, uint32_t keys, int key, int valid) {
    clear_scores(s);
#pragma unroll
    for (int step = 0; step < Shape::kSteps; ++step) {
      if constexpr (Shape::kQueriesStay) {
        score_step<kHead>(s, q_[step], keys, key, step);
      } else {
        load_a<kHead>(q_[0], memory_, first_, step);
        score_step<kHead>(s, q_[0], keys, key, step);
      }
    }
    if (key + kChunkKeys > valid) mask(s, key, valid);
  }

  /// What makes probabilities of exponentials; of static_range it needs the whole sum.
  __device__ Rows<float> probability_factor() const {
    if (!p_.static_range) return {255.0f, 255.0f};
    return {255.0f / sum_.low, 255.0f / sum_.high};
  }

  __device__ void attend_resident() {
    constexpr int kChunks = Shape::kKeys / kChunkKeys;
    const uint32_t keys = memory_ + Shape::kStages;
    const uint32_t values = keys + Shape::kTile;
    load(Part::k, keys, block_.first_row, block_.keys);
    commit_copies();
    load(Part::v, values, block_.first_row, block_.keys);
    commit_copies();
    release_successors();
    wait_for_copies<1>();
    __syncthreads();
    Chunk s[kChunks];
    if (active_) exponentiate_resident(s, keys);
    wait_for_copies<0>();
    __syncthreads();
    if (!active_) return;
    const Rows<float> factor = probability_factor();
#pragma unroll
    for (int i = 0; i < kChunks; ++i) {
      if (i * kChunkKeys >= block_.keys) continue;
      uint32_t a[4];
      round_probabilities(a, s[i], factor);
      weigh_chunk<kHead>(out_, a, values, i * kChunkKeys);
    }
  }

  /// s <- exponentials of all keys.
  template <int kChunks>
  __device__ void exponentiate_resident(Chunk (&s)[kChunks], uint32_t keys) {
    load_queries();
    Rows<int> largest{INT_MIN, INT_MIN};
#pragma unroll
    for (int i = 0; i < kChunks; ++i) {
      if (i * kChunkKeys >= block_.keys) continue;
      score_chunk(s[i], keys, i * kChunkKeys, block_.keys);
      raise_maximum(largest, s[i]);
    }
    const Rows<float> maximum = maximum_of_quad(largest);
#pragma unroll
    for (int i = 0; i < kChunks; ++i)
      if (i * kChunkKeys < block_.keys) exponentiate(s[i], maximum, p_.exponent_scale, sum_);
    sum_of_quad(sum_);
  }

  /// Copies block `index` of K, and of V where the pass needs it, to its stage.
  __device__ void load_stage(int index, bool with_values) {
    const int first_key = index % blocks_ * Shape::kKeys;
    const uint32_t keys = memory_ + Shape::kStages + index % 2 * Shape::kStage;
    const size_t row = block_.first_row + static_cast<size_t>(first_key);
    load(Part::k, keys, row, block_.keys - first_key);
    if (with_values) load(Part::v, keys + Shape::kTile, row, block_.keys - first_key);
  }

  __device__ void attend_streamed() {
    const int steps = (p_.static_range ? 3 : 2) * blocks_;
    const int first_with_values = steps - blocks_;
    load_stage(0, false);
    commit_copies();
    release_successors();
    Rows<int> largest{INT_MIN, INT_MIN};
    Rows<float> maximum{};
    Rows<float> factor{};
    for (int step = 0; step < steps; ++step) {
      if (step + 1 < steps) load_stage(step + 1, step + 1 >= first_with_values);
      commit_copies();
      wait_for_copies<1>();
      __syncthreads();
      if (active_) {
        if (step == 0) load_queries();
        if (step == blocks_) maximum = maximum_of_quad(largest);
        if (step == first_with_values) {
          if (p_.static_range) sum_of_quad(sum_);
          factor = probability_factor();
        }
        const int valid = block_.keys - step % blocks_ * Shape::kKeys;
        const uint32_t keys = memory_ + Shape::kStages + step % 2 * Shape::kStage;
        if (step < blocks_)
          find_maximum(largest, keys, valid);
        else if (step < first_with_values)
          find_sum(maximum, keys, valid);
        else
          weigh(maximum, factor, keys, valid);
      }
      __syncthreads();
    }
    if (!p_.static_range) sum_of_quad(sum_);
  }

  __device__ void find_maximum(Rows<int>& largest, uint32_t keys, int valid) {
#pragma unroll 1
    for (int key = 0; key < min(valid, Shape::kKeys); key += kChunkKeys) {
      Chunk s;
      score_chunk(s, keys, key, valid);
      raise_maximum(largest, s);
    }
  }

  __device__ void find_sum(Rows<float> maximum, uint32_t keys, int valid) {
#pragma unroll 1
    for (int key = 0; key < min(valid, Shape::kKeys); key += kChunkKeys) {
      Chunk s;
      score_chunk(s, keys, key, valid);
      exponentiate(s, maximum, p_.exponent_scale, sum_);
    }
  }

  __device__ void weigh(Rows<float> maximum, Rows<float> factor, uint32_t keys, int valid) {
#pragma unroll 1
    for (int key = 0; key < min(valid, Shape::kKeys); key += kChunkKeys) {
      Chunk s;
      score_chunk(s, keys, key, valid);
      Rows<float> sum = sum_;
      exponentiate(s, maximum, p_.exponent_scale, sum);
      if (!p_.static_range) sum_ = sum;
      uint32_t a[4];
      round_probabilities(a, s, factor);
      weigh_chunk<kHead>(out_, a, keys + Shape::kTile, key);
    }
  }

  __device__ void write() {
    if (!active_) return;
    const bool empty = block_.keys == 0;
    const Rows<float> unit = p_.static_range ? Rows<float>{255.0f, 255.0f}
                                             : Rows<float>{255.0f * sum_.low, 255.0f * sum_.high};
    bool finite = true;
    const int lane = lane_of_warp();
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int query = first_ + lane / 4 + 8 * half;
      if (query >= block_.queries) continue;
      const float factor = empty ? 0.0f : p_.scale_v / (half == 0 ? unit.low : unit.high);
      const size_t row = block_.first_row + static_cast<size_t>(block_.first_query + query);
#pragma unroll
      for (int chunk = 0; chunk < kHead / 16; ++chunk) {
        const int(&even)[4] = out_[chunk][0];
        const int(&odd)[4] = out_[chunk][1];
        const float y[4] = {static_cast<float>(even[2 * half]) * factor,
                            static_cast<float>(odd[2 * half]) * factor,
                            static_cast<float>(even[2 * half + 1]) * factor,
                            static_cast<float>(odd[2 * half + 1]) * factor};
        finite &= store_features(p_, row, block_.head, 16 * chunk + lane % 4 * 4, y, inverse_);
      }
    }
    raise_if(!finite, p_.nonfinite);
  }

  const AttentionParams& p_;
  const BlockWork& block_;
  const uint32_t memory_;
  float* inverse_;
  int blocks_;   // of keys
  int first_;    // query of this warp
  bool active_;  // has queries
  uint32_t q_[Shape::kQueriesStay ? Shape::kSteps : 1][4];
  Rows<float> sum_{};
  Weighted<kHead> out_{};
};

template <int kHead>
__global__ void __launch_bounds__(kThreads, Layout<kHead>::kBlocks)
    attend(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(128) char shared[];
  const BlockWork block = work_of_block(p, kQueries);
  wait_for_predecessors();
  if (block.queries <= 0) return;
  Warp<kHead>(p, block, shared).run();
}

}  // namespace herosweep::kernels::cuda::s8
