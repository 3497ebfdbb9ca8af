// Writes results of whole heads (AttentionParams::whole_heads). A lane's values of a row lie apart,
// so that a warp collects eight rows in shared memory and writes them by 16 bytes.
#pragma once

#include "kernels/cuda/attention/block.cuh"
#include "kernels/cuda/attention/tile.cuh"

namespace herosweep::kernels::cuda {

/// Consecutive output rows of one head, of which `valid` exist.
struct OutputRows {
  size_t first;     // element of `out` where they begin
  uint32_t stride;  // elements between rows
  int valid;
};

/// Lane 4 g + t's values of row g: features [4 kWidth i + kWidth t, + kWidth) for every i.
template <int kHead, int kWidth>
using LaneFeatures = float[kHead / (4 * kWidth)][kWidth];

/// kBytes (2, 4 or 8) of lane 4 g + t at byte `first` + kBytes t of row g.
template <int kRowBytes, int kBytes>
__device__ __forceinline__ void stage(uint32_t staging, int first, uint32_t low, uint32_t high) {
  const int lane = lane_of_warp();
  const int byte = first + lane % 4 * kBytes;
  const uint32_t to =
      staging + tile_offset<kRowBytes>(lane / 4, byte / kChunkBytes) + byte % kChunkBytes;
  if constexpr (kBytes == 8)
    store_shared_8(to, low, high);
  else if constexpr (kBytes == 4)
    store_shared_4(to, low);
  else
    store_shared_2(to, low);
}

/// Copies kRows staged rows to `out`, whose elements have kRowBytes / kHead bytes.
template <int kHead, int kRowBytes, int kRows = 8>
__device__ __forceinline__ void copy_staged(uint32_t staging, void* out, OutputRows rows) {
  constexpr int kChunks = kRowBytes / kChunkBytes;
  constexpr int kStep = 32 / kChunks;  // rows
  constexpr int kElement = kRowBytes / kHead;
  const int lane = lane_of_warp();
  const int row = lane / kChunks;
  const int chunk = lane % kChunks;
  __syncwarp();
  const size_t element = rows.first + static_cast<uint32_t>(row) * rows.stride;
  char* to = static_cast<char*>(out) + element * kElement + chunk * kChunkBytes;
#pragma unroll
  for (int first = 0; first < kRows; first += kStep) {
    if (first + row < min(rows.valid, kRows))
      *reinterpret_cast<uint4*>(to) =
          load_shared_16(staging + tile_offset<kRowBytes>(first + row, chunk));
    to += kStep * kElement * rows.stride;
  }
  __syncwarp();
}

/// Returns whether FP16 holds every value that this lane has.
template <int kHead, int kWidth>
__device__ __forceinline__ bool write_halves(const AttentionParams& p, uint32_t staging,
                                             OutputRows rows,
                                             const LaneFeatures<kHead, kWidth>& y) {
  __half2 check = __float2half2_rn(0.0f);  // NaN after a value that is not finite
#pragma unroll
  for (int i = 0; i < kHead / (4 * kWidth); ++i) {
    __half2 pairs[2];
#pragma unroll
    for (int j = 0; j < kWidth / 2; ++j) {
      pairs[j] = __floats2half2_rn(y[i][2 * j], y[i][2 * j + 1]);
      check = __hfma2(pairs[j], __float2half2_rn(0.0f), check);
    }
    const auto* bits = reinterpret_cast<const uint32_t*>(pairs);
    stage<2 * kHead, 2 * kWidth>(staging, 8 * kWidth * i, bits[0], bits[kWidth / 2 - 1]);
  }
  copy_staged<kHead, 2 * kHead>(staging, p.out.f16, rows);
  return !__hisnan(__low2half(check)) && !__hisnan(__high2half(check));
}

/// Bits whose lowest byte is quantize_scaled(value, low, high): that plus 1.5 * 2^23 as a float.
__device__ __forceinline__ uint32_t quantized_byte(float value, float low, float high) {
  return __float_as_uint(fminf(fmaxf(value, low), high) + 12582912.0f);
}

/// Returns whether every value that this lane has is finite. `inverse`: inverse_scale of the head.
template <int kHead, int kWidth>
__device__ __forceinline__ bool write_bytes(const AttentionParams& p, uint32_t staging,
                                            OutputRows rows, const LaneFeatures<kHead, kWidth>& y,
                                            const float* inverse) {
  const auto low = static_cast<float>(p.out.range.low);
  const auto high = static_cast<float>(p.out.range.high);
  const int lane = lane_of_warp();
  float check[kWidth] = {};  // NaN after a value that is not finite
#pragma unroll
  for (int i = 0; i < kHead / (4 * kWidth); ++i) {
    float factor[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) factor[j] = 1.0f;
    if (p.out.inverse_scale != nullptr) {
#pragma unroll
      for (int j = 0; j < kWidth; ++j) factor[j] = inverse[4 * kWidth * i + lane % 4 * kWidth + j];
    }
    uint32_t bytes[kWidth];
#pragma unroll
    for (int j = 0; j < kWidth; ++j) {
      const float value = y[i][j] * factor[j];
      check[j] = fmaf(value, 0.0f, check[j]);
      bytes[j] = quantized_byte(value, low, high);
    }
    uint32_t word = __byte_perm(bytes[0], bytes[1], 0x0040);
    if constexpr (kWidth == 4)
      word = __byte_perm(word, __byte_perm(bytes[2], bytes[3], 0x0040), 0x5410);
    stage<kHead, kWidth>(staging, 4 * kWidth * i, word, 0);
  }
  copy_staged<kHead, kHead>(staging, p.out.s8, rows);
  float sum = 0.0f;
#pragma unroll
  for (int j = 0; j < kWidth; ++j) sum += check[j];
  return !isnan(sum);
}

/// Writes eight rows to every output that is set; `staging`: 16 kHead bytes that the warp alone
/// uses. Returns whether all that this lane had was finite.
template <int kHead, int kWidth>
__device__ __forceinline__ bool write_eight_rows(const AttentionParams& p, uint32_t staging,
                                                 OutputRows rows,
                                                 const LaneFeatures<kHead, kWidth>& y,
                                                 const float* inverse) {
  const int lane = lane_of_warp();
  bool finite = true;
  if (p.out.f16 != nullptr) finite = write_halves<kHead, kWidth>(p, staging, rows, y);
  if (p.out.s8 != nullptr) finite &= write_bytes<kHead, kWidth>(p, staging, rows, y, inverse);
  return finite || lane / 4 >= rows.valid;
}

/// Rows of a sequence's head from `query` of the block on.
__device__ __forceinline__ OutputRows output_rows(const AttentionParams& p, const BlockWork& block,
                                                  int query) {
  OutputRows rows;
  rows.stride = static_cast<uint32_t>(p.heads * p.head_size);
  const auto row =
      static_cast<uint32_t>(block.first_row) + static_cast<uint32_t>(block.first_query + query);
  rows.first =
      static_cast<size_t>(row) * rows.stride + static_cast<uint32_t>(block.head * p.head_size);
  rows.valid = block.queries - query;
  return rows;
}

}  // namespace herosweep::kernels::cuda
