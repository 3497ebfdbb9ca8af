// Copies of a run of k from global to shared memory for the portable GEMM, and where they lie
// there.
#pragma once

#include <cstdint>

#include "kernels/cuda/gemm/packed_rows.h"

namespace herosweep::kernels::cuda::portable {

/// Byte of a stage at which 16-byte chunk `chunk` of row `row` lies: rows of `kRowBytes` (128, 64
/// or 32), the two halves of a row exchanged in every other run of 128 bytes. A load by a warp
/// covers half a row each of consecutive rows, so that 128 consecutive bytes of shared memory, all
/// banks, hold the same half of twice as many rows: conflict-free for 16, 8 and 4 bytes a lane.
template <int kRowBytes>
__device__ __forceinline__ uint32_t swizzled(int row, int chunk) {
  const int byte = row * kRowBytes + chunk * 16;
  return static_cast<uint32_t>(byte ^ ((row * kRowBytes / 128 & 1) * (kRowBytes / 2)));
}

/// Byte at which half `run` (0 or 1) of row `row` begins.
template <int kRowBytes>
__device__ __forceinline__ uint32_t run_offset(int row, int run) {
  return swizzled<kRowBytes>(row, run * (kRowBytes / 2 / 16));
}

__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

/// 16 bytes, asynchronously; zeros where not `valid` (`from` is then not read).
__device__ __forceinline__ void copy_chunk(uint32_t to, const unsigned char* from, bool valid) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16, %2;" ::"r"(to), "l"(from),
               "r"(valid ? 16 : 0));
}

__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::); }

/// Waits until at most `kPending` of the latest groups of this thread are under way.
template <int kPending>
__device__ __forceinline__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

/// One thread's part of copying `kRows` rows of a row-major matrix, `kRowBytes` of each a step.
/// What lies outside the matrix becomes zero. `kPacked`: the rows lie as packed_row says.
template <int kRows, int kRowBytes, int kThreads, bool kPacked>
class Copier {
  static constexpr int kChunks = kRowBytes / 16;
  static constexpr int kRowsAtOnce = kThreads / kChunks;
  static constexpr int kPasses = (kRows + kRowsAtOnce - 1) / kRowsAtOnce;
  static_assert(kRowsAtOnce * kRowBytes % 256 == 0, "the swizzle differs from pass to pass");
  static_assert((kRowsAtOnce & (kRowsAtOnce - 1)) == 0, "packed_row distributes over the passes");

 public:
  __device__ Copier(const void* matrix, int64_t row_bytes, int first_row, int rows)
      : row_(static_cast<int>(threadIdx.x) / kChunks),
        byte_(static_cast<int>(threadIdx.x) % kChunks * 16),
        rows_(rows - first_row),
        row_bytes_(row_bytes),
        from_(static_cast<const unsigned char*>(matrix) +
              (first_row + int64_t{place(row_)}) * row_bytes + byte_),
        to_(swizzled<kRowBytes>(row_, byte_ / 16)) {}

  /// Step `step` (bytes from step * kRowBytes of each row) to `stage`. REQUIRES: rows aligned to 16
  /// bytes.
  __device__ __forceinline__ void copy(int64_t step, uint32_t stage) const {
    const int64_t byte = step * kRowBytes;
    const bool inside = byte + byte_ < row_bytes_;
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) {
      const int row = pass * kRowsAtOnce;
      if (kRows % kRowsAtOnce != 0 && row_ + row >= kRows) break;
      copy_chunk(stage + to_ + row * kRowBytes, from_ + place(row) * row_bytes_ + byte,
                 inside && row_ + row < rows_);
    }
  }

  /// The same for rows of any alignment, element by element, before it returns.
  template <class Element>
  __device__ __forceinline__ void copy_elements(int64_t step, unsigned char* stage) const {
    constexpr int kElements = 16 / sizeof(Element);
    const int64_t byte = step * kRowBytes;
#pragma unroll 1
    for (int row = 0; row_ + row < kRows; row += kRowsAtOnce) {
      const auto* from = reinterpret_cast<const Element*>(from_ + place(row) * row_bytes_ + byte);
      union {
        Element elements[kElements];
        uint4 chunk;
      };
#pragma unroll
      for (int i = 0; i < kElements; ++i) {
        const bool inside = byte + byte_ + i * int64_t{sizeof(Element)} < row_bytes_;
        elements[i] = inside && row_ + row < rows_ ? from[i] : Element{0};
      }
      *reinterpret_cast<uint4*>(stage + to_ + row * kRowBytes) = chunk;
    }
  }

 private:
  static __device__ __forceinline__ constexpr int place(int row) {
    return kPacked ? packed_row(row) : row;
  }

  int row_;
  int byte_;
  int rows_;  // from the first row of the tile to the end of the matrix
  int64_t row_bytes_;
  const unsigned char* from_;
  uint32_t to_;
};

}  // namespace herosweep::kernels::cuda::portable
