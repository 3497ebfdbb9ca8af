// WGMMA (sm_90a) of FP16 and INT8 rows of heads in shared memory: m64, sums in the accumulators of
// mma.sync, 16 rows a warp (f16::Accumulators; INT32 in s8::Scores).
//
// A tile is one panel of rows of at most 128 bytes, or two, since that is the widest row that a
// descriptor knows. Inside a panel, tile_offset (tile.cuh) swizzles as WGMMA's modes of 32, 64 and
// 128 bytes do; panels begin at multiples of 1024 bytes.
#pragma once

#include <cute/arch/mma_sm90_gmma.hpp>
#include <type_traits>
#include <utility>

#include "kernels/cuda/attention/f16_rows.cuh"
#include "kernels/cuda/attention/head_tile.cuh"

namespace herosweep::kernels::cuda::f16 {

/// kRows rows of a head of FP16, or of INT8.
template <int kHeadSize, int kTileRows, int kElementBytes = 2>
struct Panels {
  static constexpr int kHead = kHeadSize;
  static constexpr int kRows = kTileRows;
  static constexpr int kHeadBytes = kElementBytes * kHead;
  static constexpr int kRowBytes = kHeadBytes < 128 ? kHeadBytes : 128;
  static constexpr int kBytes = kHeadBytes * kRows;
  static constexpr int kPanel = kRowBytes * kRows;
  static constexpr int kCount = kBytes / kPanel;
  static constexpr int kSteps = kHeadBytes / 32;  // of products
  static_assert(kRowBytes == 32 || kRowBytes == 64 || kRowBytes == 128);
  static_assert(kPanel % 1024 == 0);

  /// Of the features of one step, in the first row.
  static constexpr int offset(int step) {
    constexpr int kPanelSteps = kRowBytes / 32;
    return step / kPanelSteps * kPanel + step % kPanelSteps * 32;
  }
};

/// Starts copies of the first `valid` rows; the rest become zeros.
template <class Tile, int kThreads, int kUnrolled = Tile::kRows>
__device__ __forceinline__ void copy_panels(uint32_t tile, HeadRows source, int valid,
                                            int thread = thread_of_block()) {
#pragma unroll
  for (int panel = 0; panel < Tile::kCount; ++panel)
    copy_rows<Tile::kRowBytes, Tile::kRows, kThreads, kUnrolled>(
        tile + static_cast<uint32_t>(panel * Tile::kPanel),
        {source.data + panel * Tile::kRowBytes, source.stride}, valid, thread);
}

/// Descriptor of a tile that begins at `address`: groups of eight rows follow one another.
template <class Tile>
__device__ __forceinline__ uint64_t descriptor(uint32_t address) {
  constexpr uint64_t kMode = Tile::kRowBytes == 128 ? 1 : Tile::kRowBytes == 64 ? 2 : 3;
  // Distance of panels, where features are not what is summed over; not read elsewhere.
  constexpr uint64_t kLeading = Tile::kPanel / 16;
  constexpr uint64_t kStride = 8 * Tile::kRowBytes / 16;
  static_assert(kLeading < 1 << 14);
  return (kMode << 62) | (kStride << 32) | (kLeading << 16) | ((address & 0x3ffffu) >> 4);
}

/// The same, `bytes` further on.
__device__ __forceinline__ uint64_t advance(uint64_t descriptor, int bytes) {
  return descriptor + static_cast<uint64_t>(bytes / 16);
}

/// Keeps the compiler from moving accesses of an operand across.
template <class Register, size_t kOuter, size_t kInner>
__device__ __forceinline__ void fence_operand(Register (&operand)[kOuter][kInner]) {
#pragma unroll
  for (size_t i = 0; i < kOuter; ++i)
#pragma unroll
    for (size_t j = 0; j < kInner; ++j) cute::warpgroup_fence_operand(operand[i][j]);
}

/// WGMMA of kColumns columns (sums in Register: float of FP16, uint32_t of INT8): B [columns, k] as
/// rows of features, and A in registers with B [k, columns], which sums over rows (FP16), or with
/// B [columns, k] as rows of keys (UINT8 by INT8).
template <class Register, int kColumns>
struct Instructions;
#define HEROSWEEP_INSTRUCTIONS(COLUMNS)                                                         \
  template <>                                                                                   \
  struct Instructions<float, COLUMNS> {                                                         \
    using Major = cute::SM90::GMMA::Major;                                                      \
    using ByFeature = cute::SM90::GMMA::MMA_64x##COLUMNS##x16_F32F16F16_SS<Major::K, Major::K>; \
    using ByRow = cute::SM90::GMMA::MMA_64x##COLUMNS##x16_F32F16F16_RS<Major::K, Major::MN>;    \
  };                                                                                            \
  template <>                                                                                   \
  struct Instructions<uint32_t, COLUMNS> {                                                      \
    using ByFeature = cute::SM90::GMMA::MMA_64x##COLUMNS##x32_S32S8S8_SS_TN;                    \
    using ByKey = cute::SM90::GMMA::MMA_64x##COLUMNS##x32_S32U8S8_RS_TN;                        \
  }
HEROSWEEP_INSTRUCTIONS(32);
HEROSWEEP_INSTRUCTIONS(64);
HEROSWEEP_INSTRUCTIONS(96);
HEROSWEEP_INSTRUCTIONS(128);
#undef HEROSWEEP_INSTRUCTIONS

using cute::SM90::GMMA::ScaleOut;

template <class Register, int kEights, size_t... kIndex>
__device__ __forceinline__ void multiply_by_feature(Register (&s)[kEights][4], uint64_t a,
                                                    uint64_t b, ScaleOut scale,
                                                    std::index_sequence<kIndex...>) {
  Instructions<Register, 8 * kEights>::ByFeature::fma(a, b, s[kIndex / 4][kIndex % 4]..., scale);
}

template <int kEights, size_t... kIndex>
__device__ __forceinline__ void multiply_by_row(Accumulators<kEights>& out, const uint32_t (&a)[4],
                                                uint64_t b, std::index_sequence<kIndex...>) {
  Instructions<float, 8 * kEights>::ByRow::fma(a[0], a[1], a[2], a[3], b,
                                               out[kIndex / 4][kIndex % 4]..., ScaleOut::One);
}

/// Starts s <- Q K^T of a warpgroup's 64 queries and 8 kEights keys.
template <class QueryTile, class KeyTile, class Register, int kEights>
__device__ __forceinline__ void start_scores(Register (&s)[kEights][4], uint32_t queries,
                                             uint32_t keys) {
  const uint64_t a = descriptor<QueryTile>(queries);
  const uint64_t b = descriptor<KeyTile>(keys);
  fence_operand(s);
  cute::warpgroup_arrive();
#pragma unroll
  for (int step = 0; step < KeyTile::kSteps; ++step)
    multiply_by_feature(s, advance(a, QueryTile::offset(step)), advance(b, KeyTile::offset(step)),
                        step == 0 ? ScaleOut::Zero : ScaleOut::One,
                        std::make_index_sequence<4 * kEights>());
  cute::warpgroup_commit_batch();
}

/// Starts out += probabilities `a` times the first 16 kPairs rows of V.
template <class ValueTile, int kPairs, int kEights>
__device__ __forceinline__ void start_values(Accumulators<kEights>& out, uint32_t (&a)[kPairs][4],
                                             uint32_t values) {
  const uint64_t b = descriptor<ValueTile>(values);
  fence_operand(out);
  fence_operand(a);
  cute::warpgroup_arrive();
#pragma unroll
  for (int pair = 0; pair < kPairs; ++pair)
    multiply_by_row(out, a[pair], advance(b, pair * 16 * ValueTile::kRowBytes),
                    std::make_index_sequence<4 * kEights>());
  cute::warpgroup_commit_batch();
}

/// Waits until at most kPending of what was started is under way; `result` belongs to the rest.
template <int kPending, class Register, int kEights>
__device__ __forceinline__ void finish(Register (&result)[kEights][4]) {
  cute::warpgroup_wait<kPending>();
  fence_operand(result);
}

/// Makes what this thread sees in shared memory visible to WGMMA.
__device__ __forceinline__ void publish_to_wgmma() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

constexpr int kGroupThreads = 128;
constexpr int kGroupQueries = 64;

/// Named barriers of a block (0 is __syncthreads). Their numbers are constants, or a block would be
/// given all sixteen.
template <int kBarrier, int kThreads>
__device__ __forceinline__ void wait_on_named_barrier() {
  asm volatile("bar.sync %0, %1;" ::"n"(kBarrier), "n"(kThreads) : "memory");
}
template <int kBarrier, int kThreads>
__device__ __forceinline__ void arrive_on_named_barrier() {
  asm volatile("bar.arrive %0, %1;" ::"n"(kBarrier), "n"(kThreads) : "memory");
}

/// Calls visit with `group` (0, 1 or 2) as a constant.
template <class Visit>
__device__ __forceinline__ void with_group(int group, const Visit& visit) {
  if (group == 0)
    visit(std::integral_constant<int, 0>{});
  else if (group == 1)
    visit(std::integral_constant<int, 1>{});
  else
    visit(std::integral_constant<int, 2>{});
}

__device__ __forceinline__ void synchronize_group(int group) {
  with_group(group, [](auto index) { wait_on_named_barrier<1 + index, kGroupThreads>(); });
}

}  // namespace herosweep::kernels::cuda::f16
