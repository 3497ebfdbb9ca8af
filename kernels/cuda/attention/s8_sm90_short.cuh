// INT8 attention on WGMMA of sequences of up to 128 rows of whole heads (head_tile.cuh): a block is
// one warpgroup that has all keys of a sequence's head and works on 64 queries after the other, as
// in f16_sm90_short.cuh.
//
// 8-bit WGMMA reads no operand that sums over rows, so that V becomes FP16 in shared memory, and so
// do the probabilities in registers. The products stay those of integers: FP16 holds 0 to 255 and
// -128 to 127, and FP32 the sums, below 128 * 255 * 128 = 2^22, exactly.
#pragma once

#include "kernels/cuda/attention/f16_sm90_short.cuh"
#include "kernels/cuda/attention/s8_steps.cuh"
#include "kernels/cuda/dependency.cuh"

namespace herosweep::kernels::cuda::s8 {

/// kQueryGroups: times 64 queries a block.
template <int kHeadSize, int kQueryGroups>
struct HeadLayout {
  using Element = uint8_t;
  static constexpr int kHead = kHeadSize;
  static constexpr int kQueries = kQueryGroups * f16::kGroupQueries;
  using QueryTile = f16::Panels<kHead, kQueries, 1>;
  using KeyTile = f16::Panels<kHead, kShortRows, 1>;
  using ValueTile = f16::Panels<kHead, kShortRows>;              // of FP16
  static constexpr int kKeys = QueryTile::kBytes;                // offset
  static constexpr int kCopiedValues = kKeys + KeyTile::kBytes;  // offset of INT8 V
  static constexpr int kValues = kCopiedValues + KeyTile::kBytes;
  static constexpr int kInverse = kValues + ValueTile::kBytes;  // offset of inverse_scale
  static constexpr int kBytes = kInverse + kHead * static_cast<int>(sizeof(float));
  static_assert(ValueTile::kCount == 1, "groups of queries are rows of one panel");
};

/// Biased scores of 16 queries: [8 kEights keys][as an accumulator of mma].
template <int kEights>
using Scores = uint32_t[kEights][4];

/// Bytes 2 kPair and 2 kPair + 1 of four INT8 values as FP16: with the sign's bit exchanged they
/// are the low bits of 1024 + 128 + value.
template <int kPair>
__device__ __forceinline__ uint32_t halves_of_bytes(uint32_t exchanged) {
  constexpr uint32_t kHighBytes = 0x64646464u;  // of 1024 + n, n < 256
  const uint32_t biased = __byte_perm(exchanged, kHighBytes, kPair == 0 ? 0x4140u : 0x4342u);
  const __half2 value =
      __hsub2(reinterpret_cast<const __half2&>(biased), __float2half2_rn(1152.0f));
  return reinterpret_cast<const uint32_t&>(value);
}

/// The first kRows rows of V as FP16.
template <class Shape, int kRows>
__device__ __forceinline__ void widen_values(uint32_t memory) {
  constexpr int kChunks = Shape::kHead / kChunkBytes;
  constexpr int kStep = f16::kGroupThreads / kChunks;  // rows
  static_assert(kStep % 8 == 0);
  const int row = thread_of_block() / kChunks;
  const int chunk = thread_of_block() % kChunks;
  const uint32_t from = memory + Shape::kCopiedValues + tile_offset<Shape::kHead>(row, chunk);
  const uint32_t low = memory + Shape::kValues + tile_offset<2 * Shape::kHead>(row, 2 * chunk);
  const uint32_t high = memory + Shape::kValues + tile_offset<2 * Shape::kHead>(row, 2 * chunk + 1);
#pragma unroll
  for (int first = 0; first < kRows; first += kStep) {
    if (kRows % kStep != 0 && first + row >= kRows) break;
    uint4 bytes = load_shared_16(from + first * Shape::kHead);
    bytes.x ^= 0x80808080u;
    bytes.y ^= 0x80808080u;
    bytes.z ^= 0x80808080u;
    bytes.w ^= 0x80808080u;
    store_shared_16(low + first * 2 * Shape::kHead,
                    make_uint4(halves_of_bytes<0>(bytes.x), halves_of_bytes<1>(bytes.x),
                               halves_of_bytes<0>(bytes.y), halves_of_bytes<1>(bytes.y)));
    store_shared_16(high + first * 2 * Shape::kHead,
                    make_uint4(halves_of_bytes<0>(bytes.z), halves_of_bytes<1>(bytes.z),
                               halves_of_bytes<0>(bytes.w), halves_of_bytes<1>(bytes.w)));
  }
}

/// Masks keys from `valid` on in the last 32.
template <int kEights>
__device__ __forceinline__ void mask_last(Scores<kEights>& s, int valid) {
  const int first = lane_of_warp() % 4 * 2;
#pragma unroll
  for (int i = kEights - 4; i < kEights; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (first + 8 * i + j % 2 >= valid) s[i][j] = static_cast<uint32_t>(kMasked);
}

/// The largest biased score of row g + 8 half, as a float.
template <int kEights>
__device__ __forceinline__ float maximum_of_row(const Scores<kEights>& s, int half) {
  int largest = kMasked;
#pragma unroll
  for (int i = 0; i < kEights; ++i)
#pragma unroll
    for (int j = 2 * half; j < 2 * half + 2; ++j) largest = max(largest, static_cast<int>(s[i][j]));
  largest = max(largest, __shfl_xor_sync(0xffffffffu, largest, 1));
  return __int_as_float(max(largest, __shfl_xor_sync(0xffffffffu, largest, 2)));
}

/// s <- bits of exp(s - the row's maximum); sum <- the sums of rows g and g + 8.
template <int kEights>
__device__ __forceinline__ void exponentiate_rows(Scores<kEights>& s, float scale,
                                                  float (&sum)[2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const float maximum = maximum_of_row(s, half);
    float parts[4] = {};  // short chains of additions
#pragma unroll
    for (int i = 0; i < kEights; ++i) {
#pragma unroll
      for (int j = 2 * half; j < 2 * half + 2; ++j) {
        // The difference of two biased scores is exact.
        const float e = exp2_approximate((__uint_as_float(s[i][j]) - maximum) * scale);
        parts[i % 4] += e;
        s[i][j] = __float_as_uint(e);
      }
    }
    sum[half] = (parts[0] + parts[1]) + (parts[2] + parts[3]);
  }
  f16::sum_of_rows(sum);
}

/// FP16 A operands rint(factor * s) of 16 kPairs keys, each in [0, 255]: a float of that range plus
/// 2^23 + 0x6400 has the FP16 number 1024 + rint in its low half.
template <int kPairs>
__device__ __forceinline__ void round_to_halves(uint32_t (&a)[kPairs][4],
                                                const Scores<2 * kPairs>& s,
                                                const float (&factor)[2]) {
  constexpr float kShift = 8388608.0f + 0x6400;
#pragma unroll
  for (int pair = 0; pair < kPairs; ++pair) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t* two = s[2 * pair + i / 2] + i % 2 * 2;
      const auto shifted = [&](int j) {
        return __float_as_uint(fmaf(__uint_as_float(two[j]), factor[i % 2], kShift));
      };
      const uint32_t both = __byte_perm(shifted(0), shifted(1), 0x5410);
      const __half2 rounded =
          __hsub2(reinterpret_cast<const __half2&>(both), __float2half2_rn(1024.0f));
      a[pair][i] = reinterpret_cast<const uint32_t&>(rounded);
    }
  }
}

/// One block's keys, of which there are more than 32 (kChunks - 1) and at most 32 kChunks.
template <class Shape, bool kStaticRange, int kChunks>
__device__ __forceinline__ void attend_head_keys(const AttentionParams& p, const BlockWork& block,
                                                 char* shared) {
  using QueryTile = typename Shape::QueryTile;
  const uint32_t memory = shared_address(shared);
  f16::wait_for_block<1>();
#pragma unroll 1
  for (int first = 0; first < min(block.queries, Shape::kQueries); first += f16::kGroupQueries) {
    uint32_t a[2 * kChunks][4];
    float sum[2];
    {
      Scores<4 * kChunks> s;
#pragma unroll
      for (auto& eight : s)
#pragma unroll
        for (uint32_t& score : eight) score = kScoreBias;
      f16::start_scores<QueryTile, typename Shape::KeyTile>(
          s, memory + static_cast<uint32_t>(first * QueryTile::kRowBytes), memory + Shape::kKeys,
          f16::ScaleOut::One);
      if (first == 0) {
        wait_for_copies<0>();
        __syncthreads();
        widen_values<Shape, 32 * kChunks>(memory);
      }
      f16::finish<0>(s);
      if (block.keys < 32 * kChunks) mask_last(s, block.keys);
      exponentiate_rows(s, p.exponent_scale, sum);
      const float factor[2] = {kStaticRange ? 255.0f / sum[0] : 255.0f,
                               kStaticRange ? 255.0f / sum[1] : 255.0f};
      round_to_halves(a, s, factor);
    }
    // From here on every warp has read its queries, where results are collected, and written V.
    if (first == 0) f16::publish_to_wgmma();
    __syncthreads();
    f16::Accumulators<Shape::kHead / 8> out{};
    f16::start_values<typename Shape::ValueTile>(out, a, memory + Shape::kValues);
    f16::finish<0>(out);
    const float unit[2] = {kStaticRange ? 255.0f : 255.0f * sum[0],
                           kStaticRange ? 255.0f : 255.0f * sum[1]};
    const int row = first + 16 * warp_of_block();
    f16::write_warp<Shape::kHead>(
        p, block, row, memory + static_cast<uint32_t>(row * QueryTile::kRowBytes),
        reinterpret_cast<const float*>(shared + Shape::kInverse), out, unit);
  }
}

template <class Shape, bool kStaticRange>
__global__ void __launch_bounds__(f16::kGroupThreads, 4)
    attend_heads(const __grid_constant__ AttentionParams p) {
  extern __shared__ __align__(1024) char shared[];
  const BlockWork block = work_of_block(p, Shape::kQueries);
  wait_for_predecessors();
  if (block.queries <= 0) return;
  f16::copy_block<Shape>(p, block, shared_address(shared));
  release_successors();
  with_key_chunks(block.keys, [&](auto chunks) {
    if constexpr (chunks() > 0)
      attend_head_keys<Shape, kStaticRange, chunks()>(p, block, shared);
    else
      f16::write_empty<Shape>(p, block, shared);
  });
}

}  // namespace herosweep::kernels::cuda::s8
