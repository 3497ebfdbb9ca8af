// INT8 attention of long sequences of whole heads (head_tile.cuh). One block works on 128 queries,
// a warp on 16. Blocks of keys are copied while their predecessors are used; they are passed over
// for the row's true maximum (K alone), then for exponentials and P V, with a pass for l between
// the two in SoftmaxMode::static_range, which needs l before P.
#pragma once

#include "kernels/cuda/attention/s8_head.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::s8 {

/// Shared memory of a block: Q, two stages of K and V, inverse_scale.
template <int kHeadSize>
struct LongLayout {
  static constexpr int kHead = kHeadSize;
  static constexpr int kQueries = 128;  // queries
  static constexpr int kThreads = 2 * kQueries;
  static constexpr int kBlocks = kHead <= 64 ? 3 : 2;   // of a multiprocessor
  static constexpr int kKeys = kHead <= 64 ? 128 : 64;  // of a block of keys
  static constexpr int kTile = kKeys * kHead;
  static constexpr int kStages = kQueries * kHead;
  static constexpr int kStage = 2 * kTile;
  static constexpr int kInverse = kStages + 2 * kStage;
  static constexpr int kBytes = kInverse + kHead * static_cast<int>(sizeof(float));
};

enum class Pass { maximum, sum, weigh };

template <class Shape, bool kStaticRange>
class LongWarp {
 public:
  static constexpr int kHead = Shape::kHead;

  __device__ __forceinline__ LongWarp(const AttentionParams& params, const BlockWork& block,
                                      char* shared)
      : p_(params),
        block_(block),
        shared_(shared),
        memory_(shared_address(shared)),
        keys_(head_rows<uint8_t>(params, 1, block.head, block.first_row)),
        active_(16 * warp_of_block() < block.queries),
        key_(addresses_by_key<kHead>(memory_ + Shape::kStages)),
        value_(memory_ + Shape::kStages + Shape::kTile, lane_of_warp(), 0) {}

  __device__ __forceinline__ void run() {
    blocks_ = (block_.keys + Shape::kKeys - 1) / Shape::kKeys;
    copy_rows<kHead, Shape::kQueries, Shape::kThreads>(
        memory_,
        head_rows<uint8_t>(p_, 0, block_.head,
                           block_.first_row + static_cast<size_t>(block_.first_query)),
        block_.queries);
    copy_inverse_scale<kHead>(p_, memory_ + Shape::kInverse, block_.head);
    copy_keys(0, false);
    release_successors();
    if (blocks_ == 0) wait_for_copies<0>();
    if (blocks_ == 0) __syncthreads();
    pass<Pass::maximum>();
    maximum_ = maximum_of_quad(largest_);
    if (kStaticRange) {
      pass<Pass::sum>();
      sum_of_quad(sum_);
      factor_ = {255.0f / sum_.low, 255.0f / sum_.high};
    }
    pass<Pass::weigh>();
    if (!kStaticRange) sum_of_quad(sum_);
    if (active_) write_warp<Shape, kStaticRange>(p_, block_, shared_, out_, sum_);
  }

 private:
  static constexpr Pass kBeforeLast = kStaticRange ? Pass::sum : Pass::maximum;

  /// Copies block `index` of K, and of V, to the stage that is not in use.
  __device__ __forceinline__ void copy_keys(int index, bool with_values) {
    const int first = index * Shape::kKeys;
    const uint32_t to = memory_ + Shape::kStages + next_;
    const auto stride = static_cast<uint32_t>(keys_.stride);
    const HeadRows rows{keys_.data + static_cast<uint64_t>(static_cast<uint32_t>(first)) * stride,
                        keys_.stride};
    const int valid = block_.keys - first;
    copy_rows<kHead, Shape::kKeys, Shape::kThreads>(to, rows, valid);
    if (with_values)
      copy_rows<kHead, Shape::kKeys, Shape::kThreads>(
          to + Shape::kTile, {rows.data + p_.heads * kHead, keys_.stride}, valid);
    commit_copies();
  }

  template <Pass kPass>
  __device__ __forceinline__ void pass() {
#pragma unroll 1
    for (int index = 0; index < blocks_; ++index) {
      const uint32_t stage = next_;
      next_ = Shape::kStage - next_;
      if (index + 1 < blocks_)
        copy_keys(index + 1, kPass == Pass::weigh);
      else if (kPass != Pass::weigh)
        copy_keys(0, kPass == kBeforeLast);
      else
        commit_copies();  // an empty group, for the count below
      wait_for_copies<1>();
      __syncthreads();
      if (active_) {
        if (kPass == Pass::maximum && index == 0)
          load_queries(q_, addresses_by_row<kHead>(memory_, 16 * warp_of_block()));
        visit_block<kPass>(stage, block_.keys - index * Shape::kKeys);
      }
      __syncthreads();
    }
  }

  template <Pass kPass>
  __device__ __forceinline__ void visit_block(uint32_t stage, int valid) {
    if (valid >= Shape::kKeys) {
#pragma unroll
      for (int key = 0; key < Shape::kKeys; key += kChunkKeys)
        visit_chunk<kPass, false>(stage, key, valid);
    } else {
#pragma unroll 1
      for (int key = 0; key < valid; key += kChunkKeys) visit_chunk<kPass, true>(stage, key, valid);
    }
  }

  template <Pass kPass, bool kEnds>
  __device__ __forceinline__ void visit_chunk(uint32_t stage, int key, int valid) {
    const uint32_t offset = stage + static_cast<uint32_t>(key * kHead);
    Chunk s[1];
    score_keys<kHead>(s, q_, key_, offset);
    if (kEnds) mask(s[0], key, valid);
    if (kPass == Pass::maximum) return raise_maximum(largest_, s[0]);
    Rows<float> part{};
    exponentiate(s[0], maximum_, p_.exponent_scale, part);
    if (kPass == kSumming) {
      sum_.low += part.low;
      sum_.high += part.high;
    }
    if (kPass == Pass::sum) return;
    uint32_t a[4];
    round_probabilities(a, s[0], factor_);
    weigh_values<kHead>(out_, a, value_, offset);
  }

  static constexpr Pass kSumming = kStaticRange ? Pass::sum : Pass::weigh;

  const AttentionParams& p_;
  const BlockWork& block_;
  char* shared_;
  const uint32_t memory_;
  const HeadRows keys_;
  const bool active_;  // has queries
  int blocks_ = 0;     // of keys
  uint32_t next_ = 0;  // stage to copy to, bytes
  MatrixAddresses<kHead> key_;
  ValueAddresses<kHead> value_;
  Queries<kHead> q_;
  Rows<int> largest_{kMasked, kMasked};
  Rows<float> maximum_{};
  Rows<float> factor_{255.0f, 255.0f};
  Rows<float> sum_{};
  Weighted<kHead> out_{};
};

template <class Shape, bool kStaticRange>
__global__ void __launch_bounds__(Shape::kThreads, Shape::kBlocks)
    attend_long(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(128) char shared[];
  const BlockWork block = work_of_block(p, Shape::kQueries);
  wait_for_predecessors();
  if (block.queries <= 0) return;
  LongWarp<Shape, kStaticRange>(p, block, shared).run();
}

}  // namespace herosweep::kernels::cuda::s8
