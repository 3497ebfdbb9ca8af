// Writes the output of one attention head, 16 features at a time, as `Output` says.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"
#include "kernels/cpu/attention_items.h"
#include "kernels/cpu/avx512/softmax.h"

namespace herosweep::kernels::cpu::avx512 {
namespace {  // one copy for each file: nothing compiled for this instruction set may be shared

class HeadWriter {
 public:
  HeadWriter(const AttentionArgs& args, const AttentionItem& item)
      : out_(args.out),
        head_size_(args.head_size),
        stride_(static_cast<size_t>(args.heads) * static_cast<size_t>(args.head_size)),
        low_(_mm512_set1_ps(static_cast<float>(args.out.range.low))),
        high_(_mm512_set1_ps(static_cast<float>(args.out.range.high))) {
    const size_t column = static_cast<size_t>(item.head) * static_cast<size_t>(head_size_);
    const size_t begin = static_cast<size_t>(item.first_row) * stride_ + column;
    if (out_.f32 != nullptr) out_.f32 += begin;
    if (out_.s8 != nullptr) out_.s8 += begin;
    if (out_.inverse_scale != nullptr) out_.inverse_scale += column;
  }

  /// y are features [column, column + 16) of row `row` of the sequence, cut at the head's size.
  [[gnu::always_inline]] void write(int row, int column, __m512 y) {
    const __mmask16 valid = first_lanes(head_size_ - column);
    const size_t at = static_cast<size_t>(row) * stride_ + static_cast<size_t>(column);
    __m512 scaled = y;
    if (out_.f32 != nullptr) _mm512_mask_storeu_ps(out_.f32 + at, valid, y);
    if (out_.s8 != nullptr) {
      if (out_.inverse_scale != nullptr) {
        scaled = _mm512_mul_ps(y, _mm512_maskz_loadu_ps(valid, out_.inverse_scale + column));
      }
      const __m512 clamped = _mm512_min_ps(_mm512_max_ps(scaled, low_), high_);
      const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(clamped));
      if (valid == 0xffff) {  // masked byte stores are slow on some processors
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out_.s8 + at), bytes);
      } else {
        _mm_mask_storeu_epi8(out_.s8 + at, valid, bytes);
      }
    }
    // A NaN or infinity survives the multiplication, so the last value tells for both outputs.
    constexpr int kNanOrInfinity = 0x99;
    nonfinite_ |= _mm512_mask_fpclass_ps_mask(valid, scaled, kNanOrInfinity);
  }

  void write_zeros(int begin, int end) {
    for (int row = begin; row < end; ++row) {
      for (int column = 0; column < head_size_; column += 16) {
        write(row, column, _mm512_setzero_ps());
      }
    }
  }

  bool all_finite() const { return nonfinite_ == 0; }

 private:
  Output out_;
  int head_size_;
  size_t stride_;
  __m512 low_;
  __m512 high_;
  __mmask16 nonfinite_ = 0;
};

}  // namespace
}  // namespace herosweep::kernels::cpu::avx512
