// Q, K and V of one head in the layouts that the tiles of attention read.
//
// A `word` is what one lane multiplies in one step: a float, or four INT8 values. Sixteen lanes
// make a vector, up to four vectors a panel.
//
//   K: [panel of 64 keys][word of a key][vector][16 keys]       lanes are keys
//   V: [panel of 64 features][word][vector][16 features]        lanes are features; a word is one
//                                                               key (FP32) or four (INT8)
//
// A last panel has only the vectors that it needs. Lanes, words and bytes beyond the data are zero.
#pragma once

#include <cstddef>
#include <cstdint>

namespace herosweep::kernels::cpu::avx512 {

inline constexpr int kLanes = 16;
inline constexpr int kPanelVectors = 4;
inline constexpr int kPanelLanes = kLanes * kPanelVectors;
inline constexpr int kVectorBytes = 64;

inline constexpr int divide_up(int n, int divisor) { return (n + divisor - 1) / divisor; }

/// Vectors of panel `panel` when `vectors` make up all panels.
inline constexpr int panel_vectors(int vectors, int panel) {
  const int left = vectors - panel * kPanelVectors;
  return left < kPanelVectors ? left : kPanelVectors;
}

/// Rows of a matrix in memory.
struct RowView {
  const char* data;
  size_t stride_bytes;
  int rows;
  int row_bytes;
};

/// Lays out K: words of four bytes, XORed with `flip` (0x80808080 turns INT8 into UINT8 plus 128).
void lay_out_keys(const RowView& k, uint32_t flip, char* out);

void lay_out_values_f32(const RowView& v, char* out);
void lay_out_values_s8(const RowView& v, char* out);

}  // namespace herosweep::kernels::cpu::avx512
