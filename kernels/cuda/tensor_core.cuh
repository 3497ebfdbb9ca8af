// PTX of compute capability 8.0 that kernels on mma.sync share: asynchronous copies into shared
// memory, ldmatrix, mma. Lane = 4 g + t in the layouts below.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

namespace herosweep::kernels::cuda {

// Divided as unsigned numbers, which the compiler turns into a shift and a mask.
__device__ __forceinline__ int thread_of_block() { return static_cast<int>(threadIdx.x & 1023u); }
__device__ __forceinline__ int warp_of_block() {
  return static_cast<int>((threadIdx.x & 1023u) / 32);
}
__device__ __forceinline__ int lane_of_warp() { return static_cast<int>(threadIdx.x % 32); }

/// Address in shared memory, as PTX takes it.
__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}

/// Copies `bytes` (0 to 16) from `source` and zeros behind them; both sides aligned to 16 bytes.
/// `source` is not read where bytes is 0.
__device__ __forceinline__ void copy_16_async(uint32_t target, const void* source, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(target), "l"(source),
               "r"(bytes)
               : "memory");
}

__device__ __forceinline__ void copy_4_async(uint32_t target, const void* source) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(target), "l"(source) : "memory");
}

__device__ __forceinline__ void commit_copies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

/// Waits until at most `kPending` of this thread's committed groups are under way.
template <int kPending>
__device__ __forceinline__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

__device__ __forceinline__ void store_shared_16(uint32_t target, uint4 value) {
  asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(target), "r"(value.x), "r"(value.y),
               "r"(value.z), "r"(value.w)
               : "memory");
}

__device__ __forceinline__ uint4 load_shared_16(uint32_t source) {
  uint4 value;
  asm volatile("ld.shared.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(value.x), "=r"(value.y), "=r"(value.z), "=r"(value.w)
               : "r"(source)
               : "memory");
  return value;
}

__device__ __forceinline__ void store_shared_4(uint32_t target, uint32_t value) {
  asm volatile("st.shared.b32 [%0], %1;" ::"r"(target), "r"(value) : "memory");
}

__device__ __forceinline__ void store_shared_8(uint32_t target, uint32_t low, uint32_t high) {
  asm volatile("st.shared.v2.b32 [%0], {%1, %2};" ::"r"(target), "r"(low), "r"(high) : "memory");
}

__device__ __forceinline__ void store_shared_2(uint32_t target, uint32_t value) {
  asm volatile("st.shared.b16 [%0], %1;" ::"r"(target), "h"(static_cast<uint16_t>(value))
               : "memory");
}

/// Four 8x8 matrices of 16-bit elements; lane 8 i + r gives the address of row r of matrix i.
/// m[i] = elements (g, 2t), (g, 2t + 1) of matrix i.
__device__ __forceinline__ void load_matrices(uint32_t (&m)[4], uint32_t row_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(row_address)
               : "memory");
}

/// The same of the transposed matrices: m[i] = elements (2t, g), (2t + 1, g).
__device__ __forceinline__ void load_matrices_transposed(uint32_t (&m)[4], uint32_t row_address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(m[0]), "=r"(m[1]), "=r"(m[2]), "=r"(m[3])
               : "r"(row_address)
               : "memory");
}

// d[16, 8] += a[16, k] b[k, 8]. Rows of d: d[0], d[1] in row g, columns 2t, 2t + 1; d[2], d[3] in
// row g + 8. With w = 32 bits of k (two FP16 or four INT8 elements): a[0] = (row g, word t),
// a[1] = (g + 8, t), a[2] = (g, t + 4), a[3] = (g + 8, t + 4); b0 = (column g, word t), b1 = (g, t
// + 4).

/// k = 32, a and b INT8.
__device__ __forceinline__ void multiply_s8(int (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                            uint32_t b1) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// d = a b + c with every element of the accumulator c equal; k = 32, a and b INT8.
__device__ __forceinline__ void multiply_s8_from(int (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                                 uint32_t b1, int c) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%10, %10, %10, %10};"
      : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1), "r"(c));
}

/// k = 32, a UINT8, b INT8.
__device__ __forceinline__ void multiply_u8_s8(int (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                               uint32_t b1) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.u8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// k = 16, a and b FP16.
__device__ __forceinline__ void multiply_f16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0,
                                             uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ uint32_t pack_half2(float low, float high) {
  const __half2 pair = __floats2half2_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

}  // namespace herosweep::kernels::cuda
