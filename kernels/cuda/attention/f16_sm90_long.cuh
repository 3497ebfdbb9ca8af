// FP16 attention on WGMMA of whole heads (head_tile.cuh), sequences of any length, with a running
// maximum as in f16_kernel.cuh, whose roundings these are.
//
// One block a multiprocessor works on one item after the other: 192 queries of a sequence's head.
// A warpgroup copies, ahead of three that have 64 queries each, over items as over blocks of keys.
// Blocks of K and V go through a ring of slots, as tiles in the order of use: K of block 0, then K
// of block i + 1 and V of block i for every i, since a warpgroup multiplies a block's scores and
// the probabilities of the one before while it exponentiates. Barriers tell when a tile is there
// and when all have read it.
#pragma once

#include <cutlass/arch/reg_reconfig.h>

#include "kernels/cuda/attention/barrier.cuh"
#include "kernels/cuda/attention/wgmma.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::f16 {

template <int kHeadSize, int kBlockKeys>
struct RingLayout {
  static constexpr int kHead = kHeadSize;
  static constexpr int kKeys = kBlockKeys;
  static constexpr int kGroups = 3;
  static constexpr int kQueries = kGroups * kGroupQueries;
  static constexpr int kReaders = kGroups * kGroupThreads;
  static constexpr int kWriters = kGroupThreads;
  static constexpr int kThreads = kReaders + kWriters;
  // Registers of a thread: all that a multiprocessor has, in multiples of 8.
  static constexpr int kWriterRegisters = 32;
  static constexpr int kReaderRegisters = 160;
  static_assert(kWriters * kWriterRegisters + kReaders * kReaderRegisters <= 65536);
  using QueryTile = Panels<kHead, kQueries>;
  using KeyTile = Panels<kHead, kKeys>;
  static constexpr int kQuerySlots = 2;
  static constexpr int kSlots = 6;
  // Offsets in shared memory.
  static constexpr int kRing = kQuerySlots * QueryTile::kBytes;
  static constexpr int kInverse = kRing + kSlots * KeyTile::kBytes;  // inverse_scale of an item
  static constexpr int kInverseBytes = kHead * static_cast<int>(sizeof(float));
  static constexpr int kBarriers = kInverse + kQuerySlots * kInverseBytes;
  static constexpr int kBytes = kBarriers + 2 * (kQuerySlots + kSlots) * kBarrierBytes;
  static_assert(kBytes <= 227 * 1024, "the limit of compute capability 9.0");
};

/// The next of kCount slots that are used in turn.
template <int kCount>
struct Turn {
  int slot = 0;
  int turn = 0;

  __device__ __forceinline__ Turn take() {
    const Turn taken = *this;
    if (++slot == kCount) {
      slot = 0;
      ++turn;
    }
    return taken;
  }
};

/// The parts of a block's shared memory.
template <class Shape>
struct RingMemory {
  using QueryTurn = Turn<Shape::kQuerySlots>;
  using TileTurn = Turn<Shape::kSlots>;
  uint32_t memory;

  __device__ uint32_t at(int offset) const { return memory + static_cast<uint32_t>(offset); }
  __device__ uint32_t queries(QueryTurn t) const { return at(t.slot * Shape::QueryTile::kBytes); }
  __device__ uint32_t tile(TileTurn t) const {
    return at(Shape::kRing + t.slot * Shape::KeyTile::kBytes);
  }
  __device__ uint32_t inverse(QueryTurn t) const {
    return at(Shape::kInverse + t.slot * Shape::kInverseBytes);
  }
  /// Barriers on which copies arrive, and readers.
  __device__ uint32_t filled(QueryTurn t) const { return barrier(2 * t.slot); }
  __device__ uint32_t read(QueryTurn t) const { return barrier(2 * t.slot + 1); }
  __device__ uint32_t filled(TileTurn t) const {
    return barrier(2 * (Shape::kQuerySlots + t.slot));
  }
  __device__ uint32_t read(TileTurn t) const {
    return barrier(2 * (Shape::kQuerySlots + t.slot) + 1);
  }

  __device__ void create_barriers() const {
    for (int pair = 0; pair < Shape::kQuerySlots + Shape::kSlots; ++pair) {
      create_barrier(barrier(2 * pair), Shape::kWriters);
      create_barrier(barrier(2 * pair + 1), Shape::kReaders / 32);
    }
  }

 private:
  __device__ uint32_t barrier(int index) const {
    return at(Shape::kBarriers + index * kBarrierBytes);
  }
};

/// All items, in rounds of one a block of the grid; the block of queries runs fastest.
struct Items {
  int count;
  int blocks;  // of queries of the longest sequence
  int shift;   // places that a block moves from round to round, less than the grid
};

/// Calls visit(work) for each of this block's items.
template <class Shape, class Visit>
__device__ __forceinline__ void for_each_item(const AttentionParams& p, const Items& items,
                                              const Visit& visit) {
  const auto find = [&](int item) {
    const int rest = item / items.blocks;
    return find_work(p, Shape::kQueries, item % items.blocks, rest % p.heads, rest / p.heads);
  };
  const auto grid = static_cast<int>(gridDim.x);
  auto place = static_cast<int>(blockIdx.x);
  BlockWork next = find(place);
  for (int round = 0; round < items.count; round += grid) {
    const BlockWork work = next;
    place += items.shift;
    if (place >= grid) place -= grid;
    next.queries = 0;
    if (round + grid + place < items.count) next = find(round + grid + place);  // early
    if (work.queries > 0) visit(work);
  }
}

/// For the compiler: the same in all lanes.
__device__ __forceinline__ int of_first_lane(int value) {
  return __shfl_sync(0xffffffffu, value, 0);
}

template <class Shape>
__device__ __forceinline__ int blocks_of_keys(const BlockWork& work) {
  return (work.keys + Shape::kKeys - 1) / Shape::kKeys;
}

/// The warpgroup that copies.
template <class Shape>
class Writer {
 public:
  __device__ Writer(const AttentionParams& p, RingMemory<Shape> memory) : p_(p), memory_(memory) {}

  __device__ void copy(const BlockWork& work) {
    copy_queries(work);
    const int blocks = blocks_of_keys<Shape>(work);
    if (blocks > 0) copy_tile(work, 1, 0);
    for (int block = 0; block < blocks; ++block) {
      if (block + 1 < blocks) copy_tile(work, 1, block + 1);
      copy_tile(work, 2, block);
    }
  }

 private:
  __device__ static int thread() { return thread_of_block() - Shape::kReaders; }

  __device__ HeadRows rows(const BlockWork& work, int part, int first) const {
    return head_rows<uint16_t>(p_, part, work.head, work.first_row + static_cast<size_t>(first));
  }

  __device__ void copy_queries(const BlockWork& work) {
    const auto at = query_turn_.take();
    if (at.turn > 0) wait_for_turn(memory_.read(at), at.turn - 1);
    copy_panels<typename Shape::QueryTile, Shape::kWriters, 2>(
        memory_.queries(at), rows(work, 0, work.first_query), work.queries, thread());
    copy_inverse_scale<Shape::kHead>(p_, memory_.inverse(at), work.head, thread());
    arrive_after_copies(memory_.filled(at));
  }

  __device__ void copy_tile(const BlockWork& work, int part, int block) {
    const auto at = tile_turn_.take();
    if (at.turn > 0) wait_for_turn(memory_.read(at), at.turn - 1);
    const int first_key = block * Shape::kKeys;
    copy_panels<typename Shape::KeyTile, Shape::kWriters, 4>(
        memory_.tile(at), rows(work, part, first_key), work.keys - first_key, thread());
    arrive_after_copies(memory_.filled(at));
  }

  const AttentionParams& p_;
  const RingMemory<Shape> memory_;
  typename RingMemory<Shape>::QueryTurn query_turn_;
  typename RingMemory<Shape>::TileTurn tile_turn_;
};

/// A warpgroup that computes.
template <class Shape>
class Reader {
 public:
  __device__ Reader(const AttentionParams& p, RingMemory<Shape> memory, char* shared)
      : p_(p), memory_(memory), shared_(shared), group_(of_first_lane(warp_of_block() / 4)) {
    for (int group = 0; group < group_; ++group) grant(group);
  }

  __device__ void attend(const BlockWork& item) {
    BlockWork work = item;
    work.keys = of_first_lane(item.keys);
    work.queries = of_first_lane(item.queries);
    const auto at = query_turn_.take();
    wait_for_turn(memory_.filled(at), at.turn);
    const int blocks = blocks_of_keys<Shape>(work);
    if (group_ * kGroupQueries < work.queries) {
      start_rows();
      queries_ = memory_.queries(at) +
                 static_cast<uint32_t>(group_ * kGroupQueries * QueryTile::kRowBytes);
      if (blocks > 0) attend_blocks(work.keys, blocks);
      write(work, at);
    } else {
      skip(blocks);
    }
    arrive_of_warp(memory_.read(at));
  }

 private:
  using QueryTile = typename Shape::QueryTile;
  using KeyTile = typename Shape::KeyTile;
  using TileTurn = typename RingMemory<Shape>::TileTurn;
  using QueryTurn = typename RingMemory<Shape>::QueryTurn;
  static constexpr int kEights = Shape::kKeys / 8;
  using Scores = Accumulators<kEights>;

  __device__ static void arrive_of_warp(uint32_t barrier) {
    __syncwarp();
    if (lane_of_warp() == 0) arrive(barrier);
  }

  /// The next tile, once it is there.
  __device__ TileTurn next() {
    const TileTurn at = tile_turn_.take();
    wait_for_turn(memory_.filled(at), at.turn);
    return at;
  }

  __device__ void release(TileTurn at) { arrive_of_warp(memory_.read(at)); }

  /// What the other groups need of this one where it has no queries.
  __device__ void skip(int blocks) {
    for (int tile = 0; tile < 2 * blocks; ++tile) {
      release(next());
      if (tile % 2 == 0 && tile > 0) {
        wait_for_grants();
        grant_others();
      }
    }
  }

  /// One group after the other starts products, once the two others have started theirs: so that
  /// its scores are soon complete, and others multiply while it exponentiates.
  __device__ void wait_for_grants() {
    with_group(group_, [](auto index) { wait_on_named_barrier<4 + index, Shape::kReaders>(); });
  }
  __device__ void grant(int group) {
    with_group(group, [](auto index) { arrive_on_named_barrier<4 + index, Shape::kReaders>(); });
  }
  __device__ void grant_others() {
#pragma unroll
    for (int group = 0; group < Shape::kGroups; ++group)
      if (group != group_) grant(group);
  }

  __device__ void start_rows() {
#pragma unroll
    for (int i = 0; i < Shape::kHead / 8; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j) out_[i][j] = 0.0f;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      maximum_[half] = -INFINITY;
      sum_[half] = 0.0f;
    }
  }

  __device__ void attend_blocks(int keys, int blocks) {
    uint32_t a[kEights / 2][4];
    {
      Scores s;
      const TileTurn key = next();
      publish_to_wgmma();
      start_scores<QueryTile, KeyTile>(s, queries_, memory_.tile(key));
      finish<0>(s);
      release(key);
      exponentiate_block(s, keys);
      round_to_halves(a, s);
    }
#pragma unroll 1
    for (int block = 1; block < blocks; ++block) {
      Scores s;
      const TileTurn key = next();
      const TileTurn value = next();
      publish_to_wgmma();
      wait_for_grants();
      start_scores<QueryTile, KeyTile>(s, queries_, memory_.tile(key));
      start_values<KeyTile>(out_, a, memory_.tile(value));
      grant_others();
      finish<1>(s);
      release(key);
      exponentiate_block(s, keys - block * Shape::kKeys);
      // The wait stands behind a branch, or the compiler moves it in front of the exponentials.
      if (__any_sync(0xffffffffu, rescale_[0] != 1.0f || rescale_[1] != 1.0f)) {
        finish<0>(out_);
        rescale();
      }
      finish<0>(out_);
      release(value);
      round_to_halves(a, s);
    }
    const TileTurn value = next();
    publish_to_wgmma();
    start_values<KeyTile>(out_, a, memory_.tile(value));
    finish<0>(out_);
    release(value);
  }

  /// s <- exp(s - maximum) for the first `valid` keys, 0 for the rest.
  __device__ void exponentiate_block(Scores& s, int valid) {
    if (valid < Shape::kKeys) mask_last<kEights>(s, valid);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float before = maximum_[half];
      maximum_[half] = fmaxf(before, maximum_of_row(s, half));
      const float shift = finite_or_zero(maximum_[half]) * p_.exponent_scale;
      rescale_[half] = exp2_approximate(before * p_.exponent_scale - shift);
      sum_[half] =
          sum_[half] * rescale_[half] + exponentiate_row(s, half, p_.exponent_scale, shift);
    }
  }

  /// Brings what was summed before the last block to its maximum.
  __device__ void rescale() {
#pragma unroll
    for (int i = 0; i < Shape::kHead / 8; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j) out_[i][j] *= rescale_[j / 2];
  }

  __device__ void write(const BlockWork& work, QueryTurn at) {
    sum_of_rows(sum_);
    const int row = 16 * warp_of_block();
    synchronize_group(group_);  // every warp has read its queries, where results are collected
    write_warp<Shape::kHead>(
        p_, work, row, memory_.queries(at) + static_cast<uint32_t>(row * QueryTile::kRowBytes),
        reinterpret_cast<const float*>(shared_ + Shape::kInverse + at.slot * Shape::kInverseBytes),
        out_, sum_);
  }

  const AttentionParams& p_;
  const RingMemory<Shape> memory_;
  const char* shared_;
  const int group_;
  QueryTurn query_turn_;
  TileTurn tile_turn_;
  uint32_t queries_;
  Accumulators<Shape::kHead / 8> out_;
  float maximum_[2];
  float sum_[2];      // of this lane's keys
  float rescale_[2];  // what the last block's maximum asks of out_
};

template <class Shape>
__global__ void __launch_bounds__(Shape::kThreads, 1)
    attend_ring(const __grid_constant__ AttentionParams p, const __grid_constant__ Items items) {
  extern __shared__ __align__(1024) char shared[];
  const RingMemory<Shape> memory{shared_address(shared)};
  if (thread_of_block() == 0) memory.create_barriers();
  __syncthreads();
  wait_for_predecessors();
  if (warp_of_block() >= Shape::kReaders / 32) {
    cutlass::arch::warpgroup_reg_dealloc<Shape::kWriterRegisters>();
    Writer<Shape> writer(p, memory);
    for_each_item<Shape>(p, items, [&](const BlockWork& work) { writer.copy(work); });
    release_successors();
  } else {
    cutlass::arch::warpgroup_reg_alloc<Shape::kReaderRegisters>();
    Reader<Shape> reader(p, memory, shared);
    for_each_item<Shape>(p, items, [&](const BlockWork& work) { reader.attend(work); });
  }
}

}  // namespace herosweep::kernels::cuda::f16
