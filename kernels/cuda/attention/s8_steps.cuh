// Steps of INT8 attention of one warp: 16 queries against a chunk of 32 keys, in registers.
//
// A chunk's scores are four n8 tiles of Q K^T: lane (g, t) holds keys 8 i + 2t, 8 i + 2t + 1 of
// tile i. Rounded to UINT8, they are the A operand of P V without an exchange between lanes, if the
// sum over keys runs in the order that the lanes happen to hold: a[0], a[1] = tiles 0 and 1, a[2],
// a[3] = tiles 2 and 3. V's rows are read as 16-bit pairs of features by a transposing ldmatrix,
// which gives lane (g, t) keys 8 i + 2t and 8 i + 2t + 1 of features 2g, 2g + 1; two byte
// permutations make B operands in the same order of keys, one of even features, one of odd ones. In
// their two accumulators a lane holds four consecutive features of a row.
#pragma once

#include "kernels/cuda/attention/tile.cuh"

namespace herosweep::kernels::cuda::s8 {

constexpr int kChunkKeys = 32;
/// Accumulators of Q K^T start at the bits of the float 1.5 * 2^23, so that a sum s of up to 2^22
/// in magnitude (256 * 128 * 128) ends as the bits of the float 1.5 * 2^23 + s, exactly.
constexpr int kScoreBias = 0x4b400000;
/// As a float, -inf: less than every score, also when compared as integers, biased or not.
constexpr int kMasked = static_cast<int>(0xff800000u);

using Chunk = int[4][4];  // biased scores, or what became of them

__device__ __forceinline__ void clear_scores(Chunk& s) {
#pragma unroll
  for (int tile = 0; tile < 4; ++tile)
#pragma unroll
    for (int i = 0; i < 4; ++i) s[tile][i] = kScoreBias;
}

/// Adds the products of 32 features: queries `q` (an A operand), keys [key, key + 32) of a tile.
template <int kHead>
__device__ __forceinline__ void score_step(Chunk& s, const uint32_t (&q)[4], uint32_t keys, int key,
                                           int step) {
#pragma unroll
  for (int pair = 0; pair < 2; ++pair) {
    uint32_t b[4];
    load_b<kHead>(b, keys, key + 16 * pair, step);
    multiply_s8(s[2 * pair], q, b[0], b[1]);
    multiply_s8(s[2 * pair + 1], q, b[2], b[3]);
  }
}

/// Masks keys from `valid` on in a chunk that begins at `key`.
__device__ __forceinline__ void mask(Chunk& s, int key, int valid) {
  const int first = key + thread_of_block() % 4 * 2;
#pragma unroll
  for (int tile = 0; tile < 4; ++tile)
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if (first + 8 * tile + i % 2 >= valid) s[tile][i] = kMasked;
}

/// Something for each of the two rows that a lane holds: g and g + 8.
template <class T>
struct Rows {
  T low, high;
};

__device__ __forceinline__ void raise_maximum(Rows<int>& maximum, const Chunk& s) {
#pragma unroll
  for (int tile = 0; tile < 4; ++tile) {
    maximum.low = max(maximum.low, max(s[tile][0], s[tile][1]));
    maximum.high = max(maximum.high, max(s[tile][2], s[tile][3]));
  }
}

/// The maxima of whole rows, as floats (biased).
__device__ __forceinline__ Rows<float> maximum_of_quad(Rows<int> maximum) {
#pragma unroll
  for (int lanes = 1; lanes <= 2; lanes *= 2) {
    maximum.low = max(maximum.low, __shfl_xor_sync(0xffffffffu, maximum.low, lanes));
    maximum.high = max(maximum.high, __shfl_xor_sync(0xffffffffu, maximum.high, lanes));
  }
  return {__int_as_float(maximum.low), __int_as_float(maximum.high)};
}

__device__ __forceinline__ void sum_of_quad(Rows<float>& sum) {
#pragma unroll
  for (int lanes = 1; lanes <= 2; lanes *= 2) {
    sum.low += __shfl_xor_sync(0xffffffffu, sum.low, lanes);
    sum.high += __shfl_xor_sync(0xffffffffu, sum.high, lanes);
  }
}

/// s <- bits of exp(a - max a), added up in `sum`.
__device__ __forceinline__ void exponentiate(Chunk& s, Rows<float> maximum, float exponent_scale,
                                             Rows<float>& sum) {
#pragma unroll
  for (int tile = 0; tile < 4; ++tile) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      // The difference of two biased scores is exact.
      const float difference = __int_as_float(s[tile][i]) - (i < 2 ? maximum.low : maximum.high);
      const float e = exp2_approximate(difference * exponent_scale);
      (i < 2 ? sum.low : sum.high) += e;
      s[tile][i] = __float_as_int(e);
    }
  }
}

/// A float in [0, 255.5) plus 2^23 has its rounded value in the lowest byte.
__device__ __forceinline__ uint32_t rounded_byte(int bits, float factor) {
  return __float_as_uint(fmaf(__int_as_float(bits), factor, 8388608.0f));
}

__device__ __forceinline__ uint32_t pack_bytes(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return __byte_perm(__byte_perm(a, b, 0x0040), __byte_perm(c, d, 0x0040), 0x5410);
}

/// The A operand rint(factor * s) of bits of floats s.
__device__ __forceinline__ void round_probabilities(uint32_t (&a)[4], const Chunk& s,
                                                    Rows<float> factor) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int(&first)[4] = s[2 * half];
    const int(&second)[4] = s[2 * half + 1];
    a[2 * half] =
        pack_bytes(rounded_byte(first[0], factor.low), rounded_byte(first[1], factor.low),
                   rounded_byte(second[0], factor.low), rounded_byte(second[1], factor.low));
    a[2 * half + 1] =
        pack_bytes(rounded_byte(first[2], factor.high), rounded_byte(first[3], factor.high),
                   rounded_byte(second[2], factor.high), rounded_byte(second[3], factor.high));
  }
}

/// Sums of P V: [features / 16][even or odd features][as an accumulator of mma].
template <int kHead>
using Weighted = int[kHead / 16][2][4];

/// out += probabilities times the keys and features of one transposing ldmatrix.
__device__ __forceinline__ void multiply_values(int (&out)[2][4], const uint32_t (&a)[4],
                                                const uint32_t (&v)[4]) {
  multiply_u8_s8(out[0], a, __byte_perm(v[0], v[1], 0x6420), __byte_perm(v[2], v[3], 0x6420));
  multiply_u8_s8(out[1], a, __byte_perm(v[0], v[1], 0x7531), __byte_perm(v[2], v[3], 0x7531));
}

/// out += probabilities of 32 keys times rows [key, key + 32) of a tile of V.
template <int kHead>
__device__ __forceinline__ void weigh_chunk(Weighted<kHead>& out, const uint32_t (&a)[4],
                                            uint32_t values, int key) {
  const int lane = lane_of_warp();
#pragma unroll
  for (int chunk = 0; chunk < kHead / 16; ++chunk) {
    uint32_t v[4];
    load_matrices_transposed(v, values + tile_offset<kHead>(key + lane, chunk));
    multiply_values(out[chunk], a, v);
  }
}

}  // namespace herosweep::kernels::cuda::s8
