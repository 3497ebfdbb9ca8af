#include "kernels/cuda/rows/geometry.h"

#include <cstdint>
#include <stdexcept>
#include <string>

#include "kernels/cuda/rows/layout.h"

namespace herosweep::kernels::cuda::rows {
namespace {

constexpr int kWarp = 32;

/// Rows on each multiprocessor up to which a block works on one row: with 1 vector a thread (the
/// operator waits for memory and reductions anyway), then with 4 (fewer reductions a row).
constexpr int kRowsOfSmallChunks = 2;
constexpr int kRowsOfLargeChunks = 4;
/// Chunks of all rows on a multiprocessor up to which their warps' registers have room for gamma
/// and beta: one wave of warps, too few to hide the time that reading them takes.
constexpr int kChunksOfEarlyNorm = 96;

int divide_up(int a, int b) { return (a + b - 1) / b; }

Geometry block_of(int rows, int cols, int vector, int chunks) {
  Geometry geometry;
  geometry.vector = vector;
  geometry.chunks = chunks;
  geometry.row_threads = divide_up(cols, vector * chunks * kWarp) * kWarp;
  geometry.block_threads = geometry.row_threads;
  geometry.blocks = rows;
  return geometry;
}

Geometry scalar_geometry(int rows, int cols) {
  const int chunks = cols <= kMaxBlockThreads * kScalarChunks ? kScalarChunks : kManyScalarChunks;
  return block_of(rows, cols, 1, chunks);
}

}  // namespace

Geometry warp_geometry(int rows, int cols) {
  Geometry geometry;
  geometry.row_per_warp = true;
  geometry.vector = kVector;
  geometry.chunks = cols <= 128 ? 1 : cols <= 384 ? 3 : cols <= 768 ? 6 : 8;
  geometry.full = cols == geometry.chunks * kVector * kWarp;
  geometry.row_threads = kWarp;
  geometry.block_threads = kWarpsPerBlock * kWarp;
  geometry.blocks = divide_up(rows, kWarpsPerBlock);
  return geometry;
}

Geometry block_geometry(int rows, int cols, int chunks) {
  return block_of(rows, cols, kVector, chunks);
}

Geometry choose_geometry(int rows, int cols, bool aligned, int multiprocessors) {
  if (cols < 1 || cols > kMaxCols)
    throw std::invalid_argument("the row operators of the CUDA backend hold 1 to " +
                                std::to_string(kMaxCols) + " columns, not " + std::to_string(cols));
  if (!aligned || cols % kVector != 0) return scalar_geometry(rows, cols);
  if (cols > kVector * kSmallBlockThreads) return block_geometry(rows, cols, kBlockChunks);
  const int rows_each = divide_up(rows, multiprocessors);
  if (rows_each <= kRowsOfSmallChunks) return block_geometry(rows, cols, 1);
  if (rows_each <= kRowsOfLargeChunks) return block_geometry(rows, cols, kBlockChunks);
  Geometry geometry = warp_geometry(rows, cols);
  geometry.early =
      geometry.full && cols > kVector * kWarp && rows_each * geometry.chunks <= kChunksOfEarlyNorm;
  return geometry;
}

bool is_aligned(const void* data, ElementType type) {
  const uintptr_t element = type == ElementType::s8 ? 1 : type == ElementType::f16 ? 2 : 4;
  return reinterpret_cast<uintptr_t>(data) % (element * kVector) == 0;
}

bool is_aligned(const Operand& operand) {
  return is_aligned(operand.data, operand.type) &&
         is_aligned(operand.feature_scale, ElementType::f32);
}

bool is_aligned(const Output& out) {
  return is_aligned(out.f16, ElementType::f16) && is_aligned(out.s8, ElementType::s8) &&
         is_aligned(out.inverse_scale, ElementType::f32);
}

void require_type(ElementType type, bool s8_allowed, const char* operator_name) {
  if (type == ElementType::f16 || (s8_allowed && type == ElementType::s8)) return;
  throw std::invalid_argument(std::string(operator_name) + " of the CUDA backend reads FP16" +
                              (s8_allowed ? " or INT8" : "") +
                              ", not FP32 or INT4: convert the operand when it is uploaded");
}

void require_output(const Output& out, const char* operator_name) {
  if (out.f32 == nullptr) return;
  throw std::invalid_argument(std::string(operator_name) +
                              " of the CUDA backend writes FP16: set Output::f16, not f32");
}

}  // namespace herosweep::kernels::cuda::rows
