// INT8 attention on WGMMA of sequences of up to 128 rows of whole heads (head_tile.cuh).
//
// An item is 64 queries of a sequence's head and all its keys. A block is one warpgroup that works
// on consecutive items; the next one's Q, K and V are on their way (box_copy.cuh) while it
// exponentiates and writes, and K and V stay where the next item is of the same head.
//
// 8-bit WGMMA sums along rows of both operands alone, so that V is transposed in shared memory,
// its keys in the order in which lanes hold the probabilities (s8_steps.cuh).
#pragma once

#include <cutlass/fast_math.h>

#include <cute/arch/cluster_sm90.hpp>

#include "kernels/cuda/attention/barrier.cuh"
#include "kernels/cuda/attention/box_copy.cuh"
#include "kernels/cuda/attention/head_rows_out.cuh"
#include "kernels/cuda/attention/s8_steps.cuh"
#include "kernels/cuda/attention/wgmma.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::s8 {

constexpr int kBoxRows = 32;
constexpr int kItemBlocks = 4;  // of a multiprocessor

template <int kHeadSize>
struct HeadLayout {
  static constexpr int kHead = kHeadSize;
  using QueryTile = f16::Panels<kHead, f16::kGroupQueries, 1>;
  using KeyTile = f16::Panels<kHead, kShortRows, 1>;
  using ValueTile = f16::Panels<kShortRows, kHead, 1>;  // a feature's keys in a row
  // Offsets in shared memory.
  static constexpr int kKeys = QueryTile::kBytes;
  static constexpr int kCopiedValues = kKeys + KeyTile::kBytes;
  static constexpr int kValues = kCopiedValues + KeyTile::kBytes;   // two, used in turn
  static constexpr int kStaging = kValues + 2 * ValueTile::kBytes;  // of results
  static constexpr int kKeysHere = kStaging + QueryTile::kBytes;    // barrier, also of Q
  static constexpr int kValuesHere = kKeysHere + kBarrierBytes;     // barrier
  static constexpr int kBytes = kValuesHere + kBarrierBytes;
};

/// What a launch is told beside AttentionParams, which leaves no division to the device.
struct ItemParams {
  int two_groups;  // 1 if the longest sequence has more than 64 queries, else 0
  cutlass::FastDivmod heads;
  int each, more;              // items of a block; blocks that have one in addition
  const float* inverse_scale;  // [heads, head_size], never null
  float unit;                  // scale_v / 255
};

/// The items of one block.
class Share {
 public:
  /// May be called in front of wait_for_predecessors.
  __device__ __forceinline__ Share(const AttentionParams& p, const ItemParams& items)
      : p_(p), items_(items) {
    const int block = static_cast<int>(blockIdx.x);
    const int first = block * items.each + min(block, items.more);
    left_ = items.each + (block < items.more ? 1 : 0);
    group_ = first & items.two_groups;
    items.heads(sequence_, head_, first >> items.two_groups);
    if (left_ > 0) read_sequence();
  }

  /// The next item that has queries; false if there is none.
  __device__ __forceinline__ bool take(BlockWork* work) {
    while (left_ > 0) {
      work->head = head_;
      work->first_row = sequence_row_;
      work->first_query = f16::kGroupQueries * group_;
      work->queries = rows_ - work->first_query;
      work->keys = keys_;
      advance();
      if (work->queries > 0) return true;
    }
    return false;
  }

 private:
  __device__ __forceinline__ void advance() {
    --left_;
    group_ ^= items_.two_groups;
    if (group_ != 0) return;
    if (++head_ < items_.heads.divisor) return;
    head_ = 0;
    ++sequence_;
    if (left_ > 0) read_sequence();
  }

  __device__ __forceinline__ void read_sequence() {
    const BlockWork work = find_work(p_, 0, 0, 0, sequence_);
    sequence_row_ = work.first_row;
    rows_ = work.queries;
    keys_ = work.keys;
  }

  const AttentionParams& p_;
  const ItemParams& items_;
  int left_, group_, head_, sequence_;
  size_t sequence_row_;
  int rows_, keys_;
};

/// Bytes of the boxes that hold the first `valid` rows of a tile.
template <class Tile>
__device__ __forceinline__ uint32_t box_bytes(int valid) {
  const int boxes = (min(valid, Tile::kRows) + kBoxRows - 1) / kBoxRows;
  return static_cast<uint32_t>(boxes * kBoxRows * Tile::kRowBytes);
}

/// Starts the copies of an item: Q, and K and V if the head is another than the last one's. Every
/// warp copies a box of each; rows of a box behind the sequence's last one are whatever follows.
template <class Shape>
__device__ __forceinline__ void copy_item(const AttentionParams& p, const CUtensorMap& qkv,
                                          const BlockWork& item, bool other_head, uint32_t memory) {
  using QueryTile = typename Shape::QueryTile;
  using KeyTile = typename Shape::KeyTile;
  static_assert(KeyTile::kRows == f16::kGroupThreads);
  const int keys = other_head ? item.keys : 0;
  const uint32_t keys_here = memory + Shape::kKeysHere;
  const uint32_t values_here = memory + Shape::kValuesHere;
  if (thread_of_block() == 0) {
    const uint32_t key_bytes = box_bytes<KeyTile>(keys);
    arrive_and_expect(keys_here, box_bytes<QueryTile>(item.queries) + key_bytes);
    if (keys > 0) arrive_and_expect(values_here, key_bytes);
  }
  if (cute::elect_one_sync() == 0) return;
  const int first = kBoxRows * warp_of_block();
  const uint32_t to = memory + static_cast<uint32_t>(first * KeyTile::kRowBytes);
  const int cols = p.heads * Shape::kHead;
  const int byte = item.head * Shape::kHead;
  const int row = static_cast<int>(item.first_row) + first;
  if (first < min(item.queries, QueryTile::kRows))
    copy_box(to, qkv, byte, row + item.first_query, keys_here);
  if (first >= keys) return;
  copy_box(to + Shape::kKeys, qkv, byte + cols, row, keys_here);
  copy_box(to + Shape::kCopiedValues, qkv, byte + 2 * cols, row, values_here);
}

/// Four 8x8 matrices of 16-bit elements, laid out as load_matrices reads them.
__device__ __forceinline__ void store_matrices(uint32_t row_address, const uint32_t (&m)[4]) {
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(row_address),
      "r"(m[0]), "r"(m[1]), "r"(m[2]), "r"(m[3])
      : "memory");
}

/// This warp's 32 keys of V, transposed. Of 16 features the even ones come first; of 16 keys, those
/// that a lane of an accumulator of scores has.
template <class Shape>
__device__ __forceinline__ void transpose_values(uint32_t from, uint32_t to) {
  const int lane = lane_of_warp();
  const int warp = warp_of_block();
  const uint32_t target = to + tile_offset<kShortRows>(lane % 16, 2 * warp + lane / 16);
#pragma unroll
  for (int chunk = 0; chunk < Shape::kHead / 16; ++chunk) {
    uint32_t v[4];
    load_matrices_transposed(v, from + tile_offset<Shape::kHead>(32 * warp + lane, chunk));
    const uint32_t columns[4] = {__byte_perm(v[0], v[1], 0x6420), __byte_perm(v[0], v[1], 0x7531),
                                 __byte_perm(v[2], v[3], 0x6420), __byte_perm(v[2], v[3], 0x7531)};
    store_matrices(target + static_cast<uint32_t>(16 * chunk * kShortRows), columns);
  }
}

/// Of 16 queries: scores, floats or probabilities of [8 kEights keys][as an accumulator of mma].
template <int kEights>
using Scores = uint32_t[kEights][4];

/// Sums of P V: [features / 16][even or odd features][as an accumulator of mma].
template <int kHead>
using Sums = uint32_t[kHead / 8][4];

/// What masked keys have for a score: as an integer less than every other, as a float -inf.
constexpr auto kMaskedScore = static_cast<uint32_t>(kMasked);

/// Masks keys from `valid` on in the last 32.
template <int kEights>
__device__ __forceinline__ void mask_last(Scores<kEights>& s, int valid) {
  const int first = lane_of_warp() % 4 * 2;
#pragma unroll
  for (int i = kEights - 4; i < kEights; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (first + 8 * i + j % 2 >= valid) s[i][j] = kMaskedScore;
}

/// The largest score of row g + 8 half.
template <int kEights>
__device__ __forceinline__ int maximum_of_row(const Scores<kEights>& s, int half) {
  int largest = kMasked;
#pragma unroll
  for (int i = 0; i < kEights; ++i)
    largest = __vimax3_s32(largest, static_cast<int>(s[i][2 * half]),
                           static_cast<int>(s[i][2 * half + 1]));
  largest = max(largest, __shfl_xor_sync(0xffffffffu, largest, 1));
  return max(largest, __shfl_xor_sync(0xffffffffu, largest, 2));
}

/// The largest score of each row. Where its product with `scale` is so large that a float would
/// round it by more than 2^-16, which no sensible score is, the row's scores become differences to
/// it.
template <int kEights>
__device__ __forceinline__ void find_maxima(Scores<kEights>& s, float scale, int (&maximum)[2]) {
  constexpr float kLargestProduct = 256.0f;
#pragma unroll
  for (int half = 0; half < 2; ++half) maximum[half] = maximum_of_row(s, half);
  int taken[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float product = static_cast<float>(maximum[half]) * scale;
    taken[half] = fabsf(product) > kLargestProduct ? maximum[half] : 0;
  }
  if (!__any_sync(0xffffffffu, (taken[0] | taken[1]) != 0)) return;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int i = 0; i < kEights; ++i)
#pragma unroll
      for (int j = 2 * half; j < 2 * half + 2; ++j) s[i][j] -= static_cast<uint32_t>(taken[half]);
    maximum[half] -= taken[half];
  }
}

/// s <- bits of 255 exp(score - the row's maximum); sum <- the sums of rows g and g + 8. Keys from
/// `keys` on are masked.
template <int kEights>
__device__ __forceinline__ void exponentiate_rows(Scores<kEights>& s, int keys, float scale,
                                                  float (&sum)[2]) {
  constexpr float kLog2Of255 = 7.99435343685885793770f;
  const bool masked = keys < 8 * kEights;
  if (masked) mask_last(s, keys);
  int maximum[2];
  find_maxima(s, scale, maximum);
#pragma unroll
  for (auto& eight : s)
#pragma unroll
    for (uint32_t& score : eight)
      score = __float_as_uint(static_cast<float>(static_cast<int>(score)));
  if (masked) mask_last(s, keys);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float shift = fmaf(-static_cast<float>(maximum[half]), scale, kLog2Of255);
    float parts[4] = {};  // short chains of additions
#pragma unroll
    for (int i = 0; i < kEights; ++i) {
#pragma unroll
      for (int j = 2 * half; j < 2 * half + 2; ++j) {
        const float e = exp2_approximate(fmaf(__uint_as_float(s[i][j]), scale, shift));
        parts[i % 4] += e;
        s[i][j] = __float_as_uint(e);
      }
    }
    sum[half] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  }
  f16::sum_of_rows(sum);
}

/// The A operands of 32 kChunks keys; kStaticRange: times `factor`.
template <bool kStaticRange, int kChunks>
__device__ __forceinline__ void round_rows(uint32_t (&a)[kChunks][4], const Scores<4 * kChunks>& s,
                                           const float (&factor)[2]) {
#pragma unroll
  for (int chunk = 0; chunk < kChunks; ++chunk) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t* first = s[4 * chunk + i / 2 * 2] + i % 2 * 2;
      const uint32_t* second = s[4 * chunk + i / 2 * 2 + 1] + i % 2 * 2;
      if constexpr (kStaticRange) {
        const auto rounded = [&](uint32_t bits) {
          return rounded_byte(static_cast<int>(bits), factor[i % 2]);
        };
        a[chunk][i] = pack_bytes(rounded(first[0]), rounded(first[1]), rounded(second[0]),
                                 rounded(second[1]));
      } else {
        const float four[4] = {__uint_as_float(first[0]), __uint_as_float(first[1]),
                               __uint_as_float(second[0]), __uint_as_float(second[1])};
        a[chunk][i] = unsigned_bytes(four);
      }
    }
  }
}

/// 1 / x to one unit in the last place.
__device__ __forceinline__ float reciprocal(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

template <int kEights, size_t... kIndex>
__device__ __forceinline__ void multiply_by_key(uint32_t (&out)[kEights][4], const uint32_t (&a)[4],
                                                uint64_t b, f16::ScaleOut scale,
                                                std::index_sequence<kIndex...>) {
  f16::Instructions<uint32_t, 8 * kEights>::ByKey::fma(a[0], a[1], a[2], a[3], b,
                                                       out[kIndex / 4][kIndex % 4]..., scale);
}

/// Starts out <- probabilities times the first 32 kChunks keys of transposed V.
template <class ValueTile, int kChunks, int kEights>
__device__ __forceinline__ void start_values(uint32_t (&out)[kEights][4], uint32_t (&a)[kChunks][4],
                                             uint32_t values) {
  const uint64_t b = f16::descriptor<ValueTile>(values);
  f16::fence_operand(out);
  f16::fence_operand(a);
  cute::warpgroup_arrive();
#pragma unroll
  for (int chunk = 0; chunk < kChunks; ++chunk)
    multiply_by_key(out, a[chunk], f16::advance(b, ValueTile::offset(chunk)),
                    chunk == 0 ? f16::ScaleOut::Zero : f16::ScaleOut::One,
                    std::make_index_sequence<4 * kEights>());
  cute::warpgroup_commit_batch();
}

/// inverse_scale of the features that this lane has results of.
template <int kHead>
using LaneScales = float[kHead / 16][4];

template <int kHead>
__device__ __forceinline__ void load_scales(LaneScales<kHead>& scale, const float* head_scale) {
  const auto* from = reinterpret_cast<const float4*>(head_scale) + lane_of_warp() % 4;
#pragma unroll
  for (int i = 0; i < kHead / 16; ++i) {
    const float4 four = __ldg(from + 4 * i);
    scale[i][0] = four.x;
    scale[i][1] = four.y;
    scale[i][2] = four.z;
    scale[i][3] = four.w;
  }
}

/// The sums of features 16 i + 4 t to 16 i + 4 t + 3 of row g + 8 half.
template <int kHead>
__device__ __forceinline__ float lane_sum(const Sums<kHead>& out, int half, int i, int j) {
  return static_cast<float>(static_cast<int>(out[2 * i + j % 2][2 * half + j / 2]));
}

/// Writes this warp's 16 rows, sums * factor, quantized: the conversion to bytes clamps at 127.
template <int kHead>
__device__ __forceinline__ void write_quantized(const AttentionParams& p, uint32_t staging,
                                                OutputRows rows, const Sums<kHead>& out,
                                                const float (&factor)[2],
                                                const LaneScales<kHead>& scale) {
  const auto low = static_cast<float>(p.out.range.low);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
#pragma unroll
    for (int i = 0; i < kHead / 16; ++i) {
      float values[4];
#pragma unroll
      for (int j = 0; j < 4; ++j)
        values[j] = fmaxf(lane_sum<kHead>(out, half, i, j) * factor[half] * scale[i][j], low);
      stage<kHead, 4>(staging + static_cast<uint32_t>(8 * half * kHead), 16 * i,
                      signed_bytes(values), 0);
    }
  }
  copy_staged<kHead, kHead, 16>(staging, p.out.s8, rows);
}

/// Writes them as FP16 and returns whether FP16 holds those that this lane has.
template <int kHead>
__device__ __forceinline__ bool write_halves(const AttentionParams& p, uint32_t staging,
                                             OutputRows rows, const Sums<kHead>& out,
                                             const float (&factor)[2]) {
  bool finite = true;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    LaneFeatures<kHead, 4> y;
#pragma unroll
    for (int i = 0; i < kHead / 16; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j) y[i][j] = lane_sum<kHead>(out, half, i, j) * factor[half];
    finite &= cuda::write_halves<kHead, 4>(p, staging, rows, y) || lane_of_warp() / 4 >= rows.valid;
    rows.first += 8 * rows.stride;
    rows.valid -= 8;
  }
  return finite;
}

/// The largest of `scale`, or something larger than every number if one is negative or not finite.
template <int kHead>
__device__ __forceinline__ float largest_scale(const LaneScales<kHead>& scale) {
  // As unsigned integers, positive floats are in order and all others are greater.
  uint32_t largest = 0;
#pragma unroll
  for (int i = 0; i < kHead / 16; ++i)
#pragma unroll
    for (int j = 0; j < 4; j += 2)
      largest =
          __vimax3_u32(largest, __float_as_uint(scale[i][j]), __float_as_uint(scale[i][j + 1]));
  return largest < 0x7f800000u ? __uint_as_float(largest) : INFINITY;
}

/// Whether every result that this lane has is finite, of rows that exist.
template <int kHead>
__device__ __forceinline__ bool results_are_finite(OutputRows rows, const Sums<kHead>& out,
                                                   const float (&factor)[2],
                                                   const LaneScales<kHead>& scale) {
  float check = 0.0f;  // NaN after a value that is not finite
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    if (lane_of_warp() / 4 + 8 * half >= rows.valid) continue;
#pragma unroll
    for (int i = 0; i < kHead / 16; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        check = fmaf(lane_sum<kHead>(out, half, i, j) * factor[half] * scale[i][j], 0.0f, check);
  }
  return !isnan(check);
}

/// Writes this warp's 16 rows, sums * factor. `staging`: 16 kHead bytes that the warp alone uses.
template <int kHead>
__device__ __forceinline__ void write_rows(const AttentionParams& p, const BlockWork& item,
                                           uint32_t staging, const Sums<kHead>& out,
                                           const float (&factor)[2],
                                           const LaneScales<kHead>& scale) {
  constexpr float kLargestSum = 4194304.0f;
  const OutputRows rows = output_rows(p, item, 16 * warp_of_block());
  bool finite = true;
  if (p.out.f16 != nullptr) finite = write_halves<kHead>(p, staging, rows, out, factor);
  if (p.out.s8 != nullptr) {
    write_quantized<kHead>(p, staging, rows, out, factor, scale);
    const float bound =
        kLargestSum * fmaxf(factor[0], factor[1]) * fmaxf(largest_scale<kHead>(scale), 1.0f);
    if (!isfinite(bound)) finite &= results_are_finite<kHead>(rows, out, factor, scale);
  }
  raise_if(!finite, p.nonfinite);
}

/// Where a block is in its items.
struct Progress {
  int item = 0;
  int head = -1;           // counted where there are keys
  bool other_head = true;  // than the last item's
};

/// One item, whose keys are more than 32 (kChunks - 1) and at most 32 kChunks. Calls `start_next`
/// once all that was copied for it has been read.
template <class Shape, bool kStaticRange, int kChunks, class StartNext>
__device__ __forceinline__ void attend_item(const AttentionParams& p, const ItemParams& items,
                                            const BlockWork& item, uint32_t memory,
                                            const Progress& at, const StartNext& start_next) {
  constexpr int kHead = Shape::kHead;
  const uint32_t staging =
      memory + Shape::kStaging + static_cast<uint32_t>(16 * warp_of_block() * kHead);
  const uint32_t values =
      memory + Shape::kValues + static_cast<uint32_t>((at.head & 1) * Shape::ValueTile::kBytes);
  Sums<kHead> out{};  // not left open, or ptxas serializes the products
  float factor[2] = {};
  if constexpr (kChunks == 0) {
    wait_for_turn(memory + Shape::kKeysHere, at.item);
    __syncthreads();
    start_next();
  } else {
    uint32_t a[kChunks][4];
    {
      Scores<4 * kChunks> s;
      wait_for_turn(memory + Shape::kKeysHere, at.item);
      f16::start_scores<typename Shape::QueryTile, typename Shape::KeyTile>(s, memory,
                                                                            memory + Shape::kKeys);
      if (at.other_head) {
        wait_for_turn(memory + Shape::kValuesHere, at.head);
        if (warp_of_block() < kChunks)
          transpose_values<Shape>(memory + Shape::kCopiedValues, values);
        f16::publish_to_wgmma();
      }
      f16::finish<0>(s);
      // All warps have read Q, K and V, have written `values` and are done with the last ones.
      __syncthreads();
      start_next();
      float sum[2];
      exponentiate_rows(s, item.keys, p.exponent_scale, sum);
#pragma unroll
      for (int half = 0; half < 2; ++half) sum[half] = 255.0f * reciprocal(sum[half]);
      round_rows<kStaticRange>(a, s, sum);
#pragma unroll
      for (int half = 0; half < 2; ++half)
        // In a static range the sum takes part for its NaN, if it is one.
        factor[half] = kStaticRange ? fmaf(sum[half], 0.0f, items.unit) : items.unit * sum[half];
    }
    start_values<typename Shape::ValueTile>(out, a, values);
    f16::finish<0>(out);
  }
  LaneScales<kHead> scale;
  load_scales<kHead>(scale, items.inverse_scale + item.head * kHead);
  write_rows<kHead>(p, item, staging, out, factor, scale);
}

template <class Shape, bool kStaticRange>
__global__ void __launch_bounds__(f16::kGroupThreads, kItemBlocks)
    attend_items(const __grid_constant__ AttentionParams p, const __grid_constant__ CUtensorMap qkv,
                 const __grid_constant__ ItemParams items) {
  extern __shared__ __align__(1024) char shared[];
  const uint32_t memory = shared_address(shared);
  if (thread_of_block() == 0) {
    prefetch_description(qkv);
    create_barrier(memory + Shape::kKeysHere, 1);
    create_barrier(memory + Shape::kValuesHere, 1);
    publish_barriers();
  }
  Share share(p, items);
  BlockWork item;
  bool more = share.take(&item);
  __syncthreads();
  wait_for_predecessors();
  if (more) copy_item<Shape>(p, qkv, item, true, memory);
  Progress at;
#pragma unroll 1
  while (more) {
    BlockWork next = item;
    more = share.take(&next);
    if (!more) release_successors();
    const bool other_head = next.head != item.head || next.first_row != item.first_row;
    if (at.other_head && item.keys > 0) ++at.head;
    const auto start_next = [&] {
      if (more) copy_item<Shape>(p, qkv, next, other_head, memory);
    };
    with_key_chunks(item.keys, [&](auto chunks) {
      attend_item<Shape, kStaticRange, chunks()>(p, items, item, memory, at, start_next);
    });
    item = next;
    at.other_head = other_head;
    ++at.item;
  }
}

}  // namespace herosweep::kernels::cuda::s8
