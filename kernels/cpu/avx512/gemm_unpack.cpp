#include "kernels/cpu/avx512/gemm_unpack.h"

#include <immintrin.h>

namespace herosweep::kernels::cpu::avx512 {
namespace {

struct NibblePair {
  __m512i low;
  __m512i high;
};

NibblePair split_nibbles(const uint8_t* bytes) {
  const __m512i mask = _mm512_set1_epi8(0xf);
  const __m512i both = _mm512_loadu_si512(bytes);
  return {_mm512_and_si512(both, mask), _mm512_and_si512(_mm512_srli_epi16(both, 4), mask)};
}

// Sixteen columns x four k as stored, to four vectors of FP32, `kPanelColumns` values apart.
void widen_group(__m512i bytes, int offset, float* out) {
  const __m512i mask = _mm512_set1_epi32(0xff);
  const __m512i zero_point = _mm512_set1_epi32(offset);
  for (int i = 0; i < kGroup; ++i) {
    const __m512i value = _mm512_and_si512(bytes, mask);
    _mm512_store_ps(out + i * kPanelColumns,
                    _mm512_cvtepi32_ps(_mm512_sub_epi32(value, zero_point)));
    bytes = _mm512_srli_epi32(bytes, 8);
  }
}

}  // namespace

void unpack_s4(const uint8_t* panel, int first_step, int steps, uint8_t* out) {
  const uint8_t* in = panel + static_cast<size_t>(first_step / 2) * kStepBytes;
  for (int step = 0; step < steps; step += 2) {
    for (int column = 0; column < kStepBytes; column += 64) {
      const NibblePair nibbles = split_nibbles(in + column);
      _mm512_store_si512(out + column, nibbles.low);
      _mm512_store_si512(out + kStepBytes + column, nibbles.high);
    }
    in += kStepBytes;
    out += 2 * kStepBytes;
  }
}

void unpack_to_f32(ElementType type, const uint8_t* panel, int first_k, int ks, float* out) {
  const int offset = weight_offset(type);
  const bool nibbles = type == ElementType::s4;
  const uint8_t* in = panel + static_cast<size_t>(first_k / (nibbles ? 8 : 4)) * kStepBytes;
  for (int k = 0; k < ks; k += nibbles ? 8 : 4) {
    for (int vector = 0; vector < kStepBytes / 64; ++vector) {
      float* columns = out + 16 * vector;
      if (nibbles) {
        const NibblePair pair = split_nibbles(in + 64 * vector);
        widen_group(pair.low, offset, columns);
        widen_group(pair.high, offset, columns + kGroup * kPanelColumns);
      } else {
        widen_group(_mm512_loadu_si512(in + 64 * vector), offset, columns);
      }
    }
    in += kStepBytes;
    out += (nibbles ? 8 : 4) * kPanelColumns;
  }
}

}  // namespace herosweep::kernels::cpu::avx512
