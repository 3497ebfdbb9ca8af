// How the threads of the row operators share the rows. Host code only.
#pragma once

#include <cstddef>

#include "kernels/types.h"

namespace herosweep::kernels::cuda::rows {

/// Widest row that the operators hold in registers.
inline constexpr int kMaxCols = 16384;

/// A row is held by `row_threads` threads, each with `chunks` pieces of `vector` elements. A warp
/// to a row (several rows a block) costs the fewest instructions; a block to a row has the shortest
/// way from the first load to the last store.
struct Geometry {
  bool row_per_warp = false;
  int vector = 1;  // 4, or 1 where the columns or an address do not allow vectors
  int chunks = 1;
  bool full = false;     // row_per_warp: the chunks have no place behind the row's end
  bool early = false;    // full: gamma and beta are read before the rows are there
  int row_threads = 32;  // a multiple of 32; 32 where row_per_warp
  int block_threads = 32;
  int blocks = 0;
};

/// The geometry for rows x cols. `aligned`: every address allows vectors of 4 elements.
/// Throws std::invalid_argument when cols is not in [1, kMaxCols].
Geometry choose_geometry(int rows, int cols, bool aligned, int multiprocessors);

/// One row a warp or one a block, the latter with `chunks` (1 or 4) vectors a thread.
/// REQUIRE cols % 4 == 0; warp_geometry: cols <= 1024; block_geometry: cols <= 1024 * chunks.
Geometry warp_geometry(int rows, int cols);
Geometry block_geometry(int rows, int cols, int chunks);

/// Whether vectors of 4 elements can be read or written there; true for null pointers.
bool is_aligned(const void* data, ElementType type);
bool is_aligned(const Operand& operand);
bool is_aligned(const Output& out);

/// Throw std::invalid_argument, naming `operator_name`, for what no CUDA row operator takes.
void require_type(ElementType type, bool s8_allowed, const char* operator_name);
void require_output(const Output& out, const char* operator_name);

}  // namespace herosweep::kernels::cuda::rows
