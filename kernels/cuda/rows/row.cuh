// The part of a row that one thread holds, and how it is read.
#pragma once

#include <cuda_fp16.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/rows/layout.h"
#include "kernels/types.h"

namespace herosweep::kernels::cuda::rows {

/// Values of a thread: chunk c holds vector number thread + c * threads of the row. A chunk behind
/// the row's end holds zeros and is neither read nor written; everything in between computes
/// without branches.
template <class L>
using Values = float[L::kChunks][L::kVector];

template <class L>
struct Row {
  int index;
  int cols;
  int thread;
  int vectors_left;  // of the row, from this thread's first one on

  __device__ __forceinline__ explicit Row(int columns)
      : cols(L::kFull ? L::kThreads * L::kChunks * L::kVector : columns) {
    const unsigned block = blockIdx.x;
    index = static_cast<int>(L::kRowPerWarp ? block * kWarpsPerBlock + threadIdx.x / 32 : block);
    thread = static_cast<int>(L::kRowPerWarp ? threadIdx.x % 32 : threadIdx.x);
    vectors_left = cols / L::kVector - thread;
  }
  __device__ __forceinline__ static int threads() {
    return L::kRowPerWarp ? 32 : static_cast<int>(blockDim.x);
  }
  __device__ __forceinline__ bool holds(int chunk) const {
    return L::kFull || vectors_left > chunk * threads();
  }
  /// This thread's first vector in row `row` of a [rows, cols] matrix of vectors (or elements).
  /// Chunk c is at [c * threads()].
  template <class Vector>
  __device__ __forceinline__ Vector* in(Vector* matrix, int row) const {
    return matrix + static_cast<size_t>(row) * static_cast<size_t>(cols / L::kVector) + thread;
  }
};

/// values[c] <- chunk c, zeros behind the row's end. `from`: see Row::in.
template <class L, class Vector>
__device__ __forceinline__ void load_chunks(const Row<L>& row, const Vector* from,
                                            Vector (&values)[L::kChunks]) {
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    values[c] = Vector{};
    if (row.holds(c)) values[c] = from[c * row.threads()];
  }
}

template <class L, class Vector>
__device__ __forceinline__ void store_chunks(const Row<L>& row, const Vector (&values)[L::kChunks],
                                             Vector* to) {
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c)
    if (row.holds(c)) to[c * row.threads()] = values[c];
}

template <int kWidth>
struct Floats {
  float value[kWidth];
};

template <class L>
__device__ __forceinline__ Floats<L::kVector> same(float value) {
  Floats<L::kVector> values;
#pragma unroll
  for (int v = 0; v < L::kVector; ++v) values.value[v] = value;
  return values;
}

/// cuda::load_early of `kWidth` floats.
template <int kWidth>
__device__ __forceinline__ Floats<kWidth> load_floats_early(const float* from) {
  Floats<kWidth> to;
  if constexpr (kWidth == 4) {
    asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];"
                 : "=f"(to.value[0]), "=f"(to.value[1]), "=f"(to.value[2]), "=f"(to.value[3])
                 : "l"(from));
  } else {
    to.value[0] = load_early(from);
  }
  return to;
}

template <int kWidth>
__device__ __forceinline__ Floats<kWidth> load_floats(const float* from) {
  if constexpr (kWidth == 4) {
    const float4 four = __ldg(reinterpret_cast<const float4*>(from));
    return {{four.x, four.y, four.z, four.w}};
  } else {
    return {{__ldg(from)}};
  }
}

/// A parameter [cols] (gamma, beta, a feature scale): kept in registers or read where it is used,
/// as the layout says. A null pointer, and columns behind the end, give zeros.
template <class L, bool kKept = L::kKeepsParameters>
class Parameter {
 public:
  __device__ __forceinline__ Parameter(const float* data, const Row<L>& row) : data_(data) {
    if constexpr (kKept) {
#pragma unroll
      for (int c = 0; c < L::kChunks; ++c) {
        kept_[c] = same<L>(0.0f);
        if (data != nullptr && row.holds(c))
          kept_[c] = load_floats_early<L::kVector>(at_chunk(row, c));
      }
    }
  }
  __device__ __forceinline__ Floats<L::kVector> at(const Row<L>& row, int chunk) const {
    if constexpr (kKept) return kept_[chunk];
    Floats<L::kVector> values{};
    if (row.holds(chunk)) values = load_floats<L::kVector>(at_chunk(row, chunk));
    return values;
  }
  __device__ __forceinline__ bool is_given() const { return data_ != nullptr; }

 private:
  __device__ __forceinline__ const float* at_chunk(const Row<L>& row, int chunk) const {
    return data_ + (row.thread + chunk * row.threads()) * L::kVector;
  }

  const float* data_;
  Floats<L::kVector> kept_[kKept ? L::kChunks : 1];
};

/// gamma or beta.
template <class L>
using NormParameter = Parameter<L, L::kKeepsNorm>;

/// FP16 or INT8 elements as they are in memory, so that all loads are under way before the first
/// one is converted.
template <class L, ElementType kType>
struct Raw {
  static constexpr bool kIsVector = L::kVector == 4;
  using Chunk =
      std::conditional_t<kType == ElementType::s8, std::conditional_t<kIsVector, uint32_t, uint8_t>,
                         std::conditional_t<kIsVector, uint2, uint16_t>>;
  Chunk chunks[L::kChunks];

  /// Bits of elements 2 * pair and 2 * pair + 1 of an FP16 chunk.
  __device__ __forceinline__ uint32_t half_bits(int chunk, int pair) const {
    if constexpr (kIsVector)
      return pair == 0 ? chunks[chunk].x : chunks[chunk].y;
    else
      return chunks[chunk];
  }
};

/// Reads row `matrix_row` of an FP16 or INT8 matrix.
template <class L, ElementType kType>
__device__ __forceinline__ void load(const Row<L>& row, const void* matrix, int matrix_row,
                                     Raw<L, kType>& raw) {
  using Chunk = typename Raw<L, kType>::Chunk;
  load_chunks<L>(row, row.in(static_cast<const Chunk*>(matrix), matrix_row), raw.chunks);
}

/// Calls visit with a constant of ElementType::s8 or, for every other type, of f16.
template <class Visitor>
void with_type(ElementType type, Visitor&& visit) {
  if (type == ElementType::s8)
    visit(std::integral_constant<ElementType, ElementType::s8>{});
  else
    visit(std::integral_constant<ElementType, ElementType::f16>{});
}

inline constexpr float kByteBias = 8388736.0f;  // 2^23 + 128

/// kByteBias + byte `index` of four INT8 values. The byte becomes the low bits of a mantissa.
__device__ __forceinline__ float biased_byte(uint32_t four, int index) {
  constexpr uint32_t kTwoTo23 = 0x4b000000u;
  return __uint_as_float(__byte_perm(four ^ 0x80808080u, kTwoTo23, 0x7540u + index));
}

/// Byte `index` of four INT8 values.
template <class L>
__device__ __forceinline__ float byte_value(uint32_t four, int index) {
  // One instruction, which runs at an eighth of the rate, instead of two.
  if constexpr (L::kIsBusy) return static_cast<float>(static_cast<int8_t>(four >> (8 * index)));
  return biased_byte(four, index) - kByteBias;
}

__device__ __forceinline__ float half_to_float(uint32_t pair, int index) {
  return __half2float(__ushort_as_half(static_cast<unsigned short>(pair >> (16 * index))));
}

/// values = raw * scale, but for an error of at most scale / 2 that is the same for the whole row,
/// which layer normalisation takes out again with the mean.
template <class L>
__device__ __forceinline__ void set_s8(const Row<L>& row, const Raw<L, ElementType::s8>& raw,
                                       float scale, Values<L>& values) {
  const float bias = -kByteBias * scale;
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c)
#pragma unroll
    for (int v = 0; v < L::kVector; ++v)
      values[c][v] = row.holds(c) ? fmaf(biased_byte(raw.chunks[c], v), scale, bias) : 0.0f;
}

/// values = raw * scale(c) where `kFirst`, else values += raw * scale(c).
template <class L, bool kFirst, class Scale>
__device__ __forceinline__ void add_s8(const Raw<L, ElementType::s8>& raw, Scale scale,
                                       Values<L>& values) {
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
    const Floats<L::kVector> scales = scale(c);
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) {
      const float q = byte_value<L>(raw.chunks[c], v);
      values[c][v] = kFirst ? q * scales.value[v] : fmaf(q, scales.value[v], values[c][v]);
    }
  }
}

/// values = raw where `kFirst`, else values += raw.
template <class L, bool kFirst>
__device__ __forceinline__ void add_f16(const Raw<L, ElementType::f16>& raw, Values<L>& values) {
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c) {
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) {
      const float x = half_to_float(raw.half_bits(c, v / 2), v % 2);
      values[c][v] = kFirst ? x : values[c][v] + x;
    }
  }
}

}  // namespace herosweep::kernels::cuda::rows
