#include "kernels/cpu/portable/gemm_block.h"

#include <cstring>

#include "kernels/cpu/portable/gelu.h"

namespace herosweep::kernels::cpu::portable {
namespace {

/// Adding 1.5 * 2^23 rounds to an integer, half to even.
constexpr float kRoundingShift = 12582912.0f;

typedef float Vector __attribute__((vector_size(32), aligned(4)));
constexpr int kVectors = kPanelColumns / 8;

// 6 x 2 accumulators, 2 weights and 1 activation fill the sixteen registers of AVX2.
template <int rows>
[[gnu::always_inline]] inline void tile(const TileOperands& t) {
  Vector acc[rows][kVectors] = {};
  const float* x = t.x;
  const auto* w = reinterpret_cast<const Vector*>(t.w);
  for (int k = 0; k < t.ks; ++k, ++x, w += kVectors) {
#pragma GCC unroll 8
    for (int i = 0; i < rows; ++i) {
#pragma GCC unroll 2
      for (int j = 0; j < kVectors; ++j) acc[i][j] += x[i * t.x_stride] * w[j];
    }
  }
  std::memcpy(t.acc, acc, sizeof acc);
}

[[gnu::always_inline]] inline void tile_of_any_height(const TileOperands& t) {
  switch (t.rows) {
    case 1:
      return tile<1>(t);
    case 2:
      return tile<2>(t);
    case 3:
      return tile<3>(t);
    case 4:
      return tile<4>(t);
    case 5:
      return tile<5>(t);
    default:
      return tile<6>(t);
  }
}

[[gnu::always_inline]] inline void row_epilogue(const PanelEpilogue& e, float token_scale,
                                                const float* acc, RowResult& r) {
  float zeros[kPanelColumns];
  for (int j = 0; j < kPanelColumns; ++j) {
    r.y[j] = acc[j] * token_scale * e.row_scale[j] + e.bias[j];
    zeros[j] = r.y[j] * 0.0f;
  }
  if (e.gelu != nullptr) {
    for (int j = 0; j < kPanelColumns; ++j) r.y[j] = gelu(r.y[j], *e.gelu);
  }
  const auto low = static_cast<float>(e.range.low);
  const auto high = static_cast<float>(e.range.high);
  for (int j = 0; j < kPanelColumns; ++j) {
    const float scaled = r.y[j] * e.inverse_scale[j];
    zeros[j] += scaled * 0.0f;
    const float above = scaled > low ? scaled : low;
    const float clamped = above < high ? above : high;
    r.q[j] = static_cast<int8_t>(static_cast<int>((clamped + kRoundingShift) - kRoundingShift));
  }
  r.zero = 0;
  for (int j = 0; j < kPanelColumns; ++j) r.zero += zeros[j];
}

void compute_tile_baseline(const TileOperands& t) { tile_of_any_height(t); }

void finish_row_baseline(const PanelEpilogue& e, float token_scale, const float* acc,
                         RowResult& r) {
  row_epilogue(e, token_scale, acc, r);
}

constexpr BlockFunctions kBaseline{compute_tile_baseline, finish_row_baseline};

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void compute_tile_avx2(const TileOperands& t) { tile_of_any_height(t); }

[[gnu::target("avx2,fma")]] void finish_row_avx2(const PanelEpilogue& e, float token_scale,
                                                 const float* acc, RowResult& r) {
  row_epilogue(e, token_scale, acc, r);
}

constexpr BlockFunctions kAvx2{compute_tile_avx2, finish_row_avx2};
#endif

}  // namespace

const BlockFunctions& block_functions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2;
#endif
  return kBaseline;
}

}  // namespace herosweep::kernels::cpu::portable
