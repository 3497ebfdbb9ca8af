#include "kernels/cpu/avx512/gemm_epilogue.h"

#include <immintrin.h>

#include "kernels/cpu/avx512/gelu.h"

namespace herosweep::kernels::cpu::avx512 {
namespace {

// A row of the tile: four vectors, processed side by side to hide latencies.
struct RowVectors {
  __m512 v[kTileVectors];
};

template <typename F>
[[gnu::always_inline]] inline void for_each_vector(F&& f) {
#pragma GCC unroll 8
  for (int j = 0; j < kTileVectors; ++j) f(j);
}

// Columns of the panel that exist. A whole panel needs no masks, which cost an instruction a load.
template <bool whole>
struct Columns {
  uint64_t mask;

  __mmask16 of_vector(int j) const { return static_cast<__mmask16>(mask >> (16 * j)); }
  [[gnu::always_inline]] __m512 load(const float* p, int j) const {
    if constexpr (whole) return _mm512_loadu_ps(p + 16 * j);
    return _mm512_maskz_loadu_ps(of_vector(j), p + 16 * j);
  }
  [[gnu::always_inline]] void store(float* p, int j, __m512 v) const {
    if constexpr (whole) {
      _mm512_storeu_ps(p + 16 * j, v);
    } else {
      _mm512_mask_storeu_ps(p + 16 * j, of_vector(j), v);
    }
  }
  [[gnu::always_inline]] void store(int8_t* p, __m512i bytes) const {
    if constexpr (whole) {
      _mm512_storeu_si512(p, bytes);
    } else {
      _mm512_mask_storeu_epi8(p, mask, bytes);
    }
  }
};

// 4 x 16 rounded values to 64 bytes in column order, saturated to [-128, 127].
[[gnu::always_inline]] inline __m512i pack_to_bytes(const __m512i (&q)[kTileVectors]) {
  const __m512i halves =
      _mm512_packs_epi16(_mm512_packs_epi32(q[0], q[1]), _mm512_packs_epi32(q[2], q[3]));
  // Packing works inside lanes of 128 bits: dword 4 * lane + j belongs at 4 * j + lane.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, halves);
}

template <bool whole>
class TileFinisher {
 public:
  TileFinisher(const Epilogue& epilogue, int column, Columns<whole> columns)
      : epilogue_(epilogue), args_(epilogue.args), column_(column), columns_(columns) {}

  [[gnu::always_inline]] void finish_row(const AccumulatorRow& acc, int row) {
    RowVectors y = load(acc);
    scale(y, row);
    if (epilogue_.gelu != nullptr) activate(y);
    const size_t index = static_cast<size_t>(row) * args_.w.n + column_;
    const Output& out = args_.out;
    if (out.f32 != nullptr) {
      for_each_vector([&](int j) { columns_.store(out.f32 + index, j, y.v[j]); });
    }
    if (out.s8 != nullptr) columns_.store(out.s8 + index, quantize(y));
  }

  bool finite() const { return _mm512_cmp_ps_mask(zeros_, zeros_, _CMP_UNORD_Q) == 0; }

 private:
  [[gnu::always_inline]] RowVectors load(const AccumulatorRow& acc) const {
    RowVectors y;
    for_each_vector([&](int j) {
      const __m512i a = _mm512_load_si512(acc + 16 * j);
      y.v[j] = epilogue_.arithmetic == Arithmetic::integer ? _mm512_cvtepi32_ps(a)
                                                           : _mm512_castsi512_ps(a);
    });
    return y;
  }

  [[gnu::always_inline]] void scale(RowVectors& y, int row) const {
    if (args_.token_scale != nullptr) {
      const __m512 token = _mm512_set1_ps(args_.token_scale[row]);
      for_each_vector([&](int j) { y.v[j] = _mm512_mul_ps(y.v[j], token); });
    }
    const float* bias = args_.bias + column_;
    const float* scales = args_.row_scale + column_;
    if (args_.row_scale != nullptr && args_.bias != nullptr) {
      for_each_vector([&](int j) {
        y.v[j] = _mm512_fmadd_ps(y.v[j], columns_.load(scales, j), columns_.load(bias, j));
      });
    } else if (args_.row_scale != nullptr) {
      for_each_vector([&](int j) { y.v[j] = _mm512_mul_ps(y.v[j], columns_.load(scales, j)); });
    } else if (args_.bias != nullptr) {
      for_each_vector([&](int j) { y.v[j] = _mm512_add_ps(y.v[j], columns_.load(bias, j)); });
    }
  }

  [[gnu::always_inline]] void activate(RowVectors& y) {
    // GELU of minus infinity is finite here, so its argument is watched as well.
    if (args_.out.s8 != nullptr) for_each_vector([&](int j) { watch(y.v[j]); });
    const GeluTable& table = *epilogue_.gelu;
    if (epilogue_.gelu_degree == 4) {
      for_each_vector([&](int j) { y.v[j] = gelu<4>(y.v[j], table); });
    } else {
      for_each_vector([&](int j) { y.v[j] = gelu<5>(y.v[j], table); });
    }
  }

  [[gnu::always_inline]] __m512i quantize(RowVectors& y) {
    if (args_.out.inverse_scale != nullptr) {
      const float* inverse = args_.out.inverse_scale + column_;
      for_each_vector([&](int j) { y.v[j] = _mm512_mul_ps(y.v[j], columns_.load(inverse, j)); });
    }
    // Converting gives INT32_MIN for everything out of range: right below, so only the upper end
    // is clamped in FP32. Packing saturates to -128, and `low` is applied to the bytes.
    const __m512 high = _mm512_set1_ps(static_cast<float>(args_.out.range.high));
    __m512i q[kTileVectors];
    for_each_vector([&](int j) {
      watch(y.v[j]);
      q[j] = _mm512_cvtps_epi32(_mm512_min_ps(y.v[j], high));
    });
    const __m512i low = _mm512_set1_epi8(static_cast<char>(args_.out.range.low));
    return _mm512_max_epi8(pack_to_bytes(q), low);
  }

  // 0 * v is 0 unless v is NaN or infinite.
  [[gnu::always_inline]] void watch(__m512 v) {
    zeros_ = _mm512_fmadd_ps(v, _mm512_setzero_ps(), zeros_);
  }

  const Epilogue& epilogue_;
  const GemmArgs& args_;
  const int column_;
  const Columns<whole> columns_;
  __m512 zeros_ = _mm512_setzero_ps();
};

template <bool whole>
bool finish_rows(const Epilogue& epilogue, const AccumulatorRow* acc, int row, int rows, int column,
                 uint64_t mask) {
  TileFinisher<whole> finisher(epilogue, column, {mask});
  for (int i = 0; i < rows; ++i) finisher.finish_row(acc[i], row + i);
  return finisher.finite();
}

}  // namespace

Epilogue::Epilogue(const GemmArgs& gemm_args)
    : args(gemm_args),
      arithmetic(gemm_args.x_type == ElementType::s8 ? Arithmetic::integer : Arithmetic::floating),
      gelu(nullptr),
      gelu_degree(gemm_args.out.f32 != nullptr ? 5 : 4) {
  if (args.activation != Activation::none) gelu = &gelu_table(args.activation, gelu_degree);
}

bool finish_tile(const Epilogue& epilogue, const AccumulatorRow* acc, int row, int rows,
                 int column) {
  const int columns = epilogue.args.w.n - column;
  if (columns >= kPanelColumns) return finish_rows<true>(epilogue, acc, row, rows, column, ~0ull);
  return finish_rows<false>(epilogue, acc, row, rows, column, (1ull << columns) - 1);
}

}  // namespace herosweep::kernels::cpu::avx512
