// Where the rows of packed weights lie.
//
// mma and wgmma leave in one thread, of every 8 columns of the product, two neighbours: thread t of
// a quad has columns 8 j + 2 t and 8 j + 2 t + 1. Weights whose rows are exchanged within groups of
// 32 make these the columns 8 t + 2 j and 8 t + 2 j + 1, so that for j = 0 .. 3 a thread has eight
// columns that follow one another: it reads their scales and stores their results as vectors, and
// needs no trip through shared memory.
#pragma once

namespace herosweep::kernels::cuda {

inline constexpr int kPackedRowGroup = 32;

/// The place of row `row` (output feature), and the row at place `row`: the exchange undoes itself.
/// Distributes over sums of powers of two that are not in one another: packed_row(a + b) =
/// packed_row(a) + packed_row(b) where a & b = 0.
constexpr int packed_row(int row) {
  constexpr int kQuad = 0b11000;
  constexpr int kOctet = 0b00110;
  return (row & ~(kQuad | kOctet)) | ((row & kOctet) << 2) | ((row & kQuad) >> 2);
}

/// Rows of packed weights of n output features: whole groups, filled up with zeros.
constexpr int packed_rows(int n) {
  return (n + kPackedRowGroup - 1) / kPackedRowGroup * kPackedRowGroup;
}

}  // namespace herosweep::kernels::cuda
