#include "kernels/cpu/avx512/attention_layout.h"

#include <immintrin.h>

namespace herosweep::kernels::cpu::avx512 {
namespace {

constexpr int kChunkWords = 8;
constexpr int kChunkBytes = 32;

/// Bytes [offset, offset + 32) of a row; zero beyond its end, and for rows beyond the last.
__m256i load_chunk(const RowView& rows, int row, int offset) {
  const int left = row < rows.rows ? rows.row_bytes - offset : 0;
  const __mmask32 mask = left >= kChunkBytes ? 0xffffffffu : (1u << left) - 1u;
  const char* source = mask == 0 ? rows.data : rows.data + row * rows.stride_bytes + offset;
  return _mm256_maskz_loadu_epi8(mask, source);
}

__m512i load_pair(const RowView& rows, int low, int high, int offset) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(load_chunk(rows, low, offset)),
                            load_chunk(rows, high, offset), 1);
}

/// in[i] = [8 words of row i | 8 words of row 4 + i]. out[w], by 128-bit lanes: word w of rows 0-3,
/// word w + 4 of rows 0-3, word w of rows 4-7, word w + 4 of rows 4-7.
void transpose_four(const __m512i in[4], __m512i out[4]) {
  const __m512i low01 = _mm512_unpacklo_epi32(in[0], in[1]);
  const __m512i high01 = _mm512_unpackhi_epi32(in[0], in[1]);
  const __m512i low23 = _mm512_unpacklo_epi32(in[2], in[3]);
  const __m512i high23 = _mm512_unpackhi_epi32(in[2], in[3]);
  out[0] = _mm512_unpacklo_epi64(low01, low23);
  out[1] = _mm512_unpackhi_epi64(low01, low23);
  out[2] = _mm512_unpacklo_epi64(high01, high23);
  out[3] = _mm512_unpackhi_epi64(high01, high23);
}

/// words[w] = word w (of eight, from byte `offset` on) of rows `row` to `row` + 15.
void transpose_chunk(const RowView& rows, int row, int offset, __m512i words[kChunkWords]) {
  __m512i pairs[4];
  __m512i first[4];   // of rows 0-7
  __m512i second[4];  // of rows 8-15
  for (int i = 0; i < 4; ++i) pairs[i] = load_pair(rows, row + i, row + 4 + i, offset);
  transpose_four(pairs, first);
  for (int i = 0; i < 4; ++i) pairs[i] = load_pair(rows, row + 8 + i, row + 12 + i, offset);
  transpose_four(pairs, second);
  for (int w = 0; w < 4; ++w) {
    words[w] = _mm512_shuffle_i32x4(first[w], second[w], 0b10'00'10'00);
    words[w + 4] = _mm512_shuffle_i32x4(first[w], second[w], 0b11'01'11'01);
  }
}

/// Up to 16 bytes of a row; zero beyond its end, and for rows beyond the last.
__m128i load_16(const RowView& rows, int row, int offset) {
  const int left = row < rows.rows ? rows.row_bytes - offset : 0;
  const __mmask16 mask = left >= 16 ? 0xffff : static_cast<__mmask16>((1u << left) - 1u);
  const char* source = mask == 0 ? rows.data : rows.data + row * rows.stride_bytes + offset;
  return _mm_maskz_loadu_epi8(mask, source);
}

/// out[f] = {row 0, 1, 2, 3 of feature f} for the 16 features from byte `offset` on.
void interleave_rows(const RowView& rows, int row, int offset, char* out) {
  const __m128i r0 = load_16(rows, row, offset);
  const __m128i r1 = load_16(rows, row + 1, offset);
  const __m128i r2 = load_16(rows, row + 2, offset);
  const __m128i r3 = load_16(rows, row + 3, offset);
  const __m128i low01 = _mm_unpacklo_epi8(r0, r1);
  const __m128i high01 = _mm_unpackhi_epi8(r0, r1);
  const __m128i low23 = _mm_unpacklo_epi8(r2, r3);
  const __m128i high23 = _mm_unpackhi_epi8(r2, r3);
  auto* target = reinterpret_cast<__m128i*>(out);
  _mm_store_si128(target, _mm_unpacklo_epi16(low01, low23));
  _mm_store_si128(target + 1, _mm_unpackhi_epi16(low01, low23));
  _mm_store_si128(target + 2, _mm_unpacklo_epi16(high01, high23));
  _mm_store_si128(target + 3, _mm_unpackhi_epi16(high01, high23));
}

}  // namespace

void lay_out_keys(const RowView& k, uint32_t flip, char* out) {
  const int words = divide_up(k.row_bytes, 4);
  const int vectors = divide_up(k.rows, kLanes);
  const __m512i flips = _mm512_set1_epi32(static_cast<int>(flip));
  for (int vector = 0; vector < vectors; ++vector) {
    const int panel = vector / kPanelVectors;
    const int width = panel_vectors(vectors, panel) * kVectorBytes;
    char* base = out + static_cast<size_t>(panel) * words * kPanelVectors * kVectorBytes +
                 vector % kPanelVectors * kVectorBytes;
    for (int word = 0; word < words; word += kChunkWords) {
      __m512i transposed[kChunkWords];
      transpose_chunk(k, vector * kLanes, word * 4, transposed);
      const int count = words - word < kChunkWords ? words - word : kChunkWords;
      for (int w = 0; w < count; ++w) {
        _mm512_store_si512(base + static_cast<size_t>(word + w) * width,
                           _mm512_xor_si512(transposed[w], flips));
      }
    }
  }
}

void lay_out_values_f32(const RowView& v, char* out) {
  const int features = v.row_bytes / 4;
  const int vectors = divide_up(features, kLanes);
  for (int vector = 0; vector < vectors; ++vector) {
    const int panel = vector / kPanelVectors;
    const int width = panel_vectors(vectors, panel) * kVectorBytes;
    char* base = out + static_cast<size_t>(panel) * v.rows * kPanelVectors * kVectorBytes +
                 vector % kPanelVectors * kVectorBytes;
    const int left = features - vector * kLanes;
    const __mmask16 mask = left >= kLanes ? 0xffff : static_cast<__mmask16>((1u << left) - 1u);
    for (int row = 0; row < v.rows; ++row) {
      const char* source = v.data + row * v.stride_bytes + vector * kVectorBytes;
      _mm512_store_ps(base + static_cast<size_t>(row) * width, _mm512_maskz_loadu_ps(mask, source));
    }
  }
}

void lay_out_values_s8(const RowView& v, char* out) {
  const int words = divide_up(v.rows, 4);
  const int vectors = divide_up(v.row_bytes, kLanes);
  for (int vector = 0; vector < vectors; ++vector) {
    const int panel = vector / kPanelVectors;
    const int width = panel_vectors(vectors, panel) * kVectorBytes;
    char* base = out + static_cast<size_t>(panel) * words * kPanelVectors * kVectorBytes +
                 vector % kPanelVectors * kVectorBytes;
    for (int word = 0; word < words; ++word) {
      interleave_rows(v, word * 4, vector * kLanes, base + static_cast<size_t>(word) * width);
    }
  }
}

}  // namespace herosweep::kernels::cpu::avx512
