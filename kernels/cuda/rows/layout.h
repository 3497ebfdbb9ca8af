// The layouts that the row kernels are compiled for; geometry.h chooses one for a call.
#pragma once

namespace herosweep::kernels::cuda::rows {

// 4 elements: neighbouring lanes read neighbouring 16-byte pieces of FP32 parameters, the largest
// stream from L1. With 8, each such read would touch twice the cache lines.
inline constexpr int kVector = 4;
inline constexpr int kWarpsPerBlock = 4;
inline constexpr int kSmallBlockThreads = 256;
inline constexpr int kMaxBlockThreads = 1024;
inline constexpr int kBlockChunks = 4;
inline constexpr int kScalarChunks = 4;
inline constexpr int kManyScalarChunks = 16;

/// `kMostThreads`: most threads that hold a row; 32 means one warp of a block of kWarpsPerBlock.
/// `kIsFull`: every chunk of every thread lies within the row. `kIsEarly`: gamma and beta stay in
/// registers, see kKeepsNorm.
template <int kMostThreads, int kVectorWidth, int kChunkCount, bool kIsFull = false,
          bool kIsEarly = false>
struct Layout {
  static constexpr int kThreads = kMostThreads;
  static constexpr bool kFull = kIsFull;
  static constexpr bool kRowPerWarp = kThreads == 32;
  static constexpr int kMaxWarps = kThreads / 32;
  static constexpr int kBlockThreads = kRowPerWarp ? kWarpsPerBlock * 32 : kThreads;
  static constexpr int kVector = kVectorWidth;
  static constexpr int kChunks = kChunkCount;
  // A thread with few columns keeps their parameters in registers, loaded before the kernel's
  // predecessor has finished.
  static constexpr bool kKeepsParameters = !kRowPerWarp && kVectorWidth * kChunkCount <= 4;
  // Those that are used last, behind a reduction, where a row's own values do not fill them.
  static constexpr bool kKeepsNorm = kKeepsParameters || kIsEarly;
  // Many rows: their warps hide one another's latencies, and wait for nothing but their turn.
  static constexpr bool kIsBusy = kRowPerWarp && !kIsEarly;
};

/// Calls visit(Layout<...>{}) for a Geometry. One list for every operator.
template <class Geometry, class Visitor>
void with_layout(const Geometry& geometry, Visitor&& visit) {
  if (geometry.row_per_warp && geometry.early) {
    if (geometry.chunks == 3) return visit(Layout<32, kVector, 3, true, true>{});
    if (geometry.chunks == 6) return visit(Layout<32, kVector, 6, true, true>{});
    return visit(Layout<32, kVector, 8, true, true>{});
  }
  if (geometry.row_per_warp) {
    if (geometry.chunks == 1) return visit(Layout<32, kVector, 1>{});
    if (geometry.chunks == 3 && geometry.full) return visit(Layout<32, kVector, 3, true>{});
    if (geometry.chunks == 3) return visit(Layout<32, kVector, 3>{});
    if (geometry.chunks == 6 && geometry.full) return visit(Layout<32, kVector, 6, true>{});
    if (geometry.chunks == 6) return visit(Layout<32, kVector, 6>{});
    if (geometry.full) return visit(Layout<32, kVector, 8, true>{});
    return visit(Layout<32, kVector, 8>{});
  }
  if (geometry.vector == kVector) {
    if (geometry.chunks == 1) return visit(Layout<kSmallBlockThreads, kVector, 1>{});
    return visit(Layout<kMaxBlockThreads, kVector, kBlockChunks>{});
  }
  if (geometry.chunks == kScalarChunks) return visit(Layout<kMaxBlockThreads, 1, kScalarChunks>{});
  return visit(Layout<kMaxBlockThreads, 1, kManyScalarChunks>{});
}

}  // namespace herosweep::kernels::cuda::rows
