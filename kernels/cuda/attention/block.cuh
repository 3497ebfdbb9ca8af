// What one block of an attention kernel works on, and how its results are written.
#pragma once

#include "kernels/cuda/attention/params.h"
#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/numeric.cuh"
#include "kernels/cuda/tensor_core.cuh"

namespace herosweep::kernels::cuda {

struct BlockWork {
  int head;
  size_t first_row;  // of the sequence
  int first_query;   // of this block, in the sequence
  int queries;       // from there to the sequence's end; 0 or less: nothing to do
  int keys;
};

/// Block `block` of rows_per_block queries. May be called in front of wait_for_predecessors.
__device__ __forceinline__ BlockWork find_work(const AttentionParams& p, int rows_per_block,
                                               int block, int head, int sequence) {
  const int begin = load_early(p.offsets + sequence);
  const int rows = load_early(p.offsets + sequence + 1) - begin;
  BlockWork work;
  work.head = head;
  work.first_row = static_cast<size_t>(begin);
  work.first_query = block * rows_per_block;
  work.queries = rows - work.first_query;
  work.keys = p.lengths != nullptr ? load_early(p.lengths + sequence) : rows;
  return work;
}

/// gridDim is (blocks of queries of the longest sequence, heads, sequences).
__device__ __forceinline__ BlockWork work_of_block(const AttentionParams& p, int rows_per_block) {
  return find_work(p, rows_per_block, static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y),
                   static_cast<int>(blockIdx.z));
}

/// Prefetches inverse_scale of the block's head, kHead floats in shared memory, if there is one.
__device__ __forceinline__ void load_inverse_scale(const AttentionParams& p, float* shared,
                                                   int head) {
  if (p.out.inverse_scale == nullptr) return;
  for (int i = thread_of_block(); i < p.head_size; i += static_cast<int>(blockDim.x))
    copy_4_async(shared_address(shared + i), p.out.inverse_scale + head * p.head_size + i);
}

template <int kCount>
__device__ __forceinline__ void store_halves(__half* to, const float (&y)[kCount], int count,
                                             bool vector) {
  uint32_t pairs[kCount / 2];
#pragma unroll
  for (int i = 0; i < kCount / 2; ++i) pairs[i] = pack_half2(y[2 * i], y[2 * i + 1]);
  if (vector) {
    if constexpr (kCount == 4)
      *reinterpret_cast<uint2*>(to) = make_uint2(pairs[0], pairs[1]);
    else
      *reinterpret_cast<uint32_t*>(to) = pairs[0];
    return;
  }
#pragma unroll
  for (int i = 0; i < kCount; ++i)
    if (i < count) to[i] = __float2half_rn(y[i]);
}

template <int kCount>
__device__ __forceinline__ void store_bytes(int8_t* to, const int (&q)[kCount], int count,
                                            bool vector) {
  if (vector) {
    uint32_t word = 0;
#pragma unroll
    for (int i = 0; i < kCount; ++i) word |= (static_cast<uint32_t>(q[i]) & 0xffu) << (8 * i);
    if constexpr (kCount == 4)
      *reinterpret_cast<uint32_t*>(to) = word;
    else
      *reinterpret_cast<uint16_t*>(to) = static_cast<uint16_t>(word);
    return;
  }
#pragma unroll
  for (int i = 0; i < kCount; ++i)
    if (i < count) to[i] = static_cast<int8_t>(q[i]);
}

/// Writes y, features [feature, feature + kCount) of one head of output row `row`, to every output
/// that is set; features beyond head_size are dropped. `inverse` is what load_inverse_scale read.
/// Returns whether every value was finite in the format it was written in.
template <int kCount>
__device__ __forceinline__ bool store_features(const AttentionParams& p, size_t row, int head,
                                               int feature, const float (&y)[kCount],
                                               const float* inverse) {
  static_assert(kCount == 2 || kCount == 4);
  const int count = min(kCount, p.head_size - feature);
  if (count <= 0) return true;
  const size_t at = row * static_cast<size_t>(p.heads) * static_cast<size_t>(p.head_size) +
                    static_cast<size_t>(head * p.head_size + feature);
  bool finite = true;
  if (p.out.f16 != nullptr) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) finite = finite && (i >= count || fits_half(y[i]));
    store_halves(static_cast<__half*>(p.out.f16) + at, y, count, p.vector_stores);
  }
  if (p.out.s8 != nullptr) {
    const auto low = static_cast<float>(p.out.range.low);
    const auto high = static_cast<float>(p.out.range.high);
    int q[kCount];
#pragma unroll
    for (int i = 0; i < kCount; ++i) {
      const bool scaled = p.out.inverse_scale != nullptr && i < count;
      const float value = scaled ? y[i] * inverse[feature + i] : y[i];
      finite = finite && (i >= count || (isfinite(y[i]) && isfinite(value)));
      q[i] = quantize_scaled(value, low, high);
    }
    store_bytes(p.out.s8 + at, q, count, p.vector_stores);
  }
  return finite;
}

__device__ __forceinline__ void raise_if(bool nonfinite, bool* flag) {
  if (nonfinite && flag != nullptr) *flag = true;
}

}  // namespace herosweep::kernels::cuda
