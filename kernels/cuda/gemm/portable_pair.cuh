// Operand pairs of the portable GEMM: how 64 bytes of a row of x, and the same run of k of a row of
// w, become operands of mma.sync.
//
// A sum over k may take its terms in any order as long as x and w agree, so a run of 64 bytes of x
// is not spread over the lanes as the instructions number k: lane t of the four that share a row
// owns 16 consecutive bytes, one 16-byte load, and feeds two products with them:
//
//   words 0, 1 of its 16 bytes: the two k-halves of the first product, words 2, 3: of the second.
//
// It then needs the same run of w: 16, 8 or 4 consecutive bytes for weights as wide as x, half or a
// quarter as wide. Integers become operands in registers: INT4 to INT8 for INT8 activations, INT8
// and INT4 to FP16 for FP16 ones, all exactly.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

#include "kernels/cuda/gemm/portable.h"

namespace herosweep::kernels::cuda::portable {

/// D += A B for A [16, 32 bytes] by rows and B [32 bytes, 8] by columns, one warp. Lane 4 g + t
/// holds rows g (a0, a2) and g + 8 (a1, a3) of A, column g of B, and of D columns 2 t and 2 t + 1
/// of row g (d[0], d[1]) and of row g + 8 (d[2], d[3]).
__device__ __forceinline__ void multiply(int (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                         uint32_t a3, uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

__device__ __forceinline__ void multiply(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                         uint32_t a3, uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

/// Eight two's complement nibbles to INT8: `first` holds the four of the low half of `packed`.
__device__ __forceinline__ void nibbles_to_bytes(uint32_t packed, uint32_t& first,
                                                 uint32_t& second) {
  constexpr uint32_t kNibbles = 0x0f0f0f0f;
  constexpr uint32_t kSigns = 0x08080808;
  // v ^ 8 is v + 8 as an unsigned nibble; adding 0x78 and flipping the top bit takes the 8 off
  // again without a carry from byte to byte.
  const uint32_t even = (((packed & kNibbles) ^ kSigns) + 0x78787878) ^ 0x80808080;
  const uint32_t odd = ((((packed >> 4) & kNibbles) ^ kSigns) + 0x78787878) ^ 0x80808080;
  first = __byte_perm(even, odd, 0x5140);
  second = __byte_perm(even, odd, 0x7362);
}

__device__ __forceinline__ uint32_t word(__half2 value) {
  return *reinterpret_cast<const uint32_t*>(&value);
}
__device__ __forceinline__ __half2 halves(uint32_t value) {
  return *reinterpret_cast<const __half2*>(&value);
}

// An FP16 number with exponent bits 0x6400 is 1024 plus its ten low bits, so that a small unsigned
// integer becomes one by OR, and leaves the 1024 by one exact operation.

/// Four INT8 to FP16 in order.
__device__ __forceinline__ void bytes_to_halves(uint32_t packed, uint32_t& first,
                                                uint32_t& second) {
  constexpr uint32_t kExponent = 0x64646464;
  constexpr uint32_t kOffset = 0x64806480;       // 1024 + 128 twice
  const uint32_t shifted = packed ^ 0x80808080;  // v + 128
  first = word(__hsub2(halves(__byte_perm(shifted, kExponent, 0x4140)), halves(kOffset)));
  second = word(__hsub2(halves(__byte_perm(shifted, kExponent, 0x4342)), halves(kOffset)));
}

/// The two nibbles of byte `index` of `packed` to FP16, the low one first.
template <int index>
__device__ __forceinline__ uint32_t nibbles_to_halves(uint32_t packed) {
  constexpr uint32_t kCopies = index | 0x40 | index << 8 | 0x4000;  // byte, 0, byte, 0
  // The low nibble stays where it is; the high one is 16 times itself in the other half.
  constexpr uint32_t kMask = 0x00f0000f;
  constexpr uint32_t kExponentAndSigns = 0x64806408;  // v ^ 8 is v + 8
  const uint32_t both = (__byte_perm(packed, 0, kCopies) & kMask) ^ kExponentAndSigns;
  constexpr uint32_t kFactors = 0x2c003c00;  // 1, 1 / 16
  constexpr uint32_t kOffsets = 0xd480e408;  // -(1024 + 8), -(1024 / 16 + 8)
  return word(__hfma2(halves(both), halves(kFactors), halves(kOffsets)));
}

/// Pairs: `Sum` accumulates, `Weights` are what a lane reads of a run of w, and `operands` makes
/// the four words that go with the four of x.
struct S8S8 {
  using Sum = int;
  using Weights = uint4;
  static constexpr int kElementBytes = 1;  // of x
  static __device__ __forceinline__ uint4 operands(const Weights& w) { return w; }
};

struct S8S4 {
  using Sum = int;
  using Weights = uint2;
  static constexpr int kElementBytes = 1;
  static __device__ __forceinline__ uint4 operands(const Weights& w) {
    uint4 result;
    nibbles_to_bytes(w.x, result.x, result.y);
    nibbles_to_bytes(w.y, result.z, result.w);
    return result;
  }
};

struct F16F16 {
  using Sum = float;
  using Weights = uint4;
  static constexpr int kElementBytes = 2;
  static __device__ __forceinline__ uint4 operands(const Weights& w) { return w; }
};

struct F16S8 {
  using Sum = float;
  using Weights = uint2;
  static constexpr int kElementBytes = 2;
  static __device__ __forceinline__ uint4 operands(const Weights& w) {
    uint4 result;
    bytes_to_halves(w.x, result.x, result.y);
    bytes_to_halves(w.y, result.z, result.w);
    return result;
  }
};

struct F16S4 {
  using Sum = float;
  using Weights = uint32_t;
  static constexpr int kElementBytes = 2;
  static __device__ __forceinline__ uint4 operands(const Weights& w) {
    return {nibbles_to_halves<0>(w), nibbles_to_halves<1>(w), nibbles_to_halves<2>(w),
            nibbles_to_halves<3>(w)};
  }
};

}  // namespace herosweep::kernels::cuda::portable
