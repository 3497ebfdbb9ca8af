// Attention in plain C++, INT8 included: its integer sums are computed in FP32, which holds every
// integer up to 2^24 exactly. Scores stay below that for every head size; the probabilities times V
// are cut into blocks of keys that do. One loop nest therefore serves both operand types.
#include "kernels/attention.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/attention_items.h"
#include "kernels/cpu/exp2_polynomial.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/portable/rows.h"
#include "kernels/cpu/row_writer.h"
#include "kernels/cpu/scratch.h"

namespace herosweep::kernels::cpu::portable {
namespace {

constexpr int kTileRows = 4;
constexpr int kTileCols = 16;
constexpr int kExactKeys = 512;  // 512 * 255 * 128 < 2^24

// 4 x 2 accumulators, 2 vectors of b and a factor: eleven of the sixteen registers of AVX2.
typedef float Vector __attribute__((vector_size(32), aligned(4)));
constexpr int kVectorSize = 8;
constexpr int kTileVectors = kTileCols / kVectorSize;

int round_up(int n, int multiple) { return (n + multiple - 1) / multiple * multiple; }

/// K transposed, V and the working rows of one item, all FP32.
struct Workspace {
  float* keys_t;     // [head_size, padded_keys], zero beyond `keys`
  float* values;     // [keys, padded_size], zero beyond head_size
  float* queries;    // [kTileRows, head_size]
  float* scores;     // [kTileRows, padded_keys]
  double* products;  // [kTileRows, padded_size]
  int padded_keys;
  int padded_size;
};

Workspace make_workspace(int keys, int head_size, Scratch& scratch) {
  Workspace w{};
  w.padded_keys = round_up(keys, kTileCols);
  w.padded_size = round_up(head_size, kTileCols);
  const size_t keys_t = static_cast<size_t>(head_size) * static_cast<size_t>(w.padded_keys);
  const size_t values = static_cast<size_t>(keys) * static_cast<size_t>(w.padded_size);
  const size_t queries = static_cast<size_t>(kTileRows) * static_cast<size_t>(head_size);
  const size_t scores = static_cast<size_t>(kTileRows) * static_cast<size_t>(w.padded_keys);
  const size_t products = static_cast<size_t>(kTileRows) * static_cast<size_t>(w.padded_size);
  w.products = static_cast<double*>(scratch.reserve(
      sizeof(double) * products + sizeof(float) * (keys_t + values + queries + scores)));
  w.keys_t = reinterpret_cast<float*>(w.products + products);
  w.values = w.keys_t + keys_t;
  w.queries = w.values + values;
  w.scores = w.queries + queries;
  return w;
}

template <typename T>
void lay_out_head(const AttentionArgs& args, const AttentionItem& item, const Workspace& w) {
  const size_t stride = row_stride_elements(args);
  const T* k = static_cast<const T*>(args.qkv) + part_offset(args, item, 1);
  const T* v = static_cast<const T*>(args.qkv) + part_offset(args, item, 2);
  const int size = args.head_size;
  for (int c = 0; c < size; ++c) {
    float* row = w.keys_t + static_cast<size_t>(c) * static_cast<size_t>(w.padded_keys);
    for (int j = 0; j < item.keys; ++j) {
      row[j] = static_cast<float>(k[static_cast<size_t>(j) * stride + static_cast<size_t>(c)]);
    }
    for (int j = item.keys; j < w.padded_keys; ++j) row[j] = 0.0f;
  }
  for (int j = 0; j < item.keys; ++j) {
    float* row = w.values + static_cast<size_t>(j) * static_cast<size_t>(w.padded_size);
    const T* source = v + static_cast<size_t>(j) * stride;
    for (int c = 0; c < size; ++c) row[c] = static_cast<float>(source[c]);
    for (int c = size; c < w.padded_size; ++c) row[c] = 0.0f;
  }
}

/// out[4, b_stride] (+)= a[4, depth] b[depth, b_stride], tile by tile with the sums in registers.
/// b_stride is a multiple of kTileCols and also the stride of out.
template <bool kAccumulate, typename Out>
void multiply(const float* a, int a_stride, const float* b, int b_stride, int depth, Out* out) {
  for (int j = 0; j < b_stride; j += kTileCols) {
    Vector sums[kTileRows][kTileVectors] = {};
    for (int i = 0; i < depth; ++i) {
      const float* row = b + static_cast<size_t>(i) * static_cast<size_t>(b_stride) + j;
      const auto* vectors = reinterpret_cast<const Vector*>(row);
#pragma GCC unroll 4
      for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < kTileVectors; ++v) sums[r][v] += a[r * a_stride + i] * vectors[v];
      }
    }
    float tile[kTileRows][kTileCols];
    std::memcpy(tile, sums, sizeof tile);
    for (int r = 0; r < kTileRows; ++r) {
      Out* target = out + r * b_stride + j;
      for (int l = 0; l < kTileCols; ++l) {
        target[l] = static_cast<Out>(tile[r][l]) + (kAccumulate ? target[l] : Out{0});
      }
    }
  }
}

/// 2^t for t <= 0; 0x1p-126 below that. A NaN stays one.
inline float exp2_negative(float t) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float bounded = -126.0f > t ? -126.0f : t;
  const float shifted = bounded + kRound;
  const float f = bounded - (shifted - kRound);
  float p = kExp2C5;
  p = p * f + kExp2C4;
  p = p * f + kExp2C3;
  p = p * f + kExp2C2;
  p = p * f + kExp2C1;
  p = p * f + 1.0f;
  const uint32_t exponent = (__builtin_bit_cast(uint32_t, shifted) << 23) + 0x3f800000u;
  return p * __builtin_bit_cast(float, exponent);
}

/// scores[keys] <- exp((scores - max) * scale); returns the sum.
float exponentiate(float* scores, int keys, float scale) {
  float maximum = scores[0];
#pragma omp simd reduction(max : maximum)
  for (int j = 0; j < keys; ++j) maximum = scores[j] > maximum ? scores[j] : maximum;
  const float factor = scale * kLog2E;
  float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
  for (int j = 0; j < keys; ++j) {
    scores[j] = exp2_negative((scores[j] - maximum) * factor);
    sum += scores[j];
  }
  return sum;
}

/// Probabilities as the operand type needs them; returns the factor of the products with V.
float softmax_row(const AttentionArgs& args, float* scores, int keys) {
  const float sum = exponentiate(scores, keys, args.scale_q * args.scale_k * args.score_scale);
  if (args.type == ElementType::f32) return 1.0f / sum;
  const bool rowmax = args.softmax == SoftmaxMode::rowmax;
  const float to_u8 = rowmax ? 255.0f : 255.0f / sum;
  constexpr float kRound = 12582912.0f;
  for (int j = 0; j < keys; ++j) scores[j] = (scores[j] * to_u8 + kRound) - kRound;
  return rowmax ? args.scale_v / (255.0f * sum) : args.scale_v / 255.0f;
}

/// products = scores V. The sums of kExactKeys keys meet in FP64, so the INT8 case stays exact.
void weigh_values(const Workspace& w, int keys) {
  for (int begin = 0; begin < keys; begin += kExactKeys) {
    const int depth = keys - begin < kExactKeys ? keys - begin : kExactKeys;
    const float* probabilities = w.scores + begin;
    const float* values =
        w.values + static_cast<size_t>(begin) * static_cast<size_t>(w.padded_size);
    if (begin == 0) {
      multiply<false>(probabilities, w.padded_keys, values, w.padded_size, depth, w.products);
    } else {
      multiply<true>(probabilities, w.padded_keys, values, w.padded_size, depth, w.products);
    }
  }
}

/// The head's columns of output row `row`.
Output columns_of(const AttentionArgs& args, int head, int row) {
  const size_t column = static_cast<size_t>(head) * static_cast<size_t>(args.head_size);
  const size_t at = static_cast<size_t>(row) * static_cast<size_t>(args.heads) *
                        static_cast<size_t>(args.head_size) +
                    column;
  Output columns = args.out;
  if (columns.f32 != nullptr) columns.f32 += at;
  if (columns.s8 != nullptr) columns.s8 += at;
  if (columns.inverse_scale != nullptr) columns.inverse_scale += column;
  return columns;
}

/// Up to kTileRows query rows, from `query` on. Returns whether every output is finite.
template <typename T>
bool attend_rows(const AttentionArgs& args, const AttentionItem& item, int query, int rows,
                 const Workspace& w) {
  const size_t stride = row_stride_elements(args);
  const T* q = static_cast<const T*>(args.qkv) + part_offset(args, item, 0);
  for (int r = 0; r < kTileRows; ++r) {
    // The rows beyond the last one repeat it: they are computed and not written.
    const T* source = q + static_cast<size_t>(query + (r < rows ? r : rows - 1)) * stride;
    float* target = w.queries + r * args.head_size;
    for (int c = 0; c < args.head_size; ++c) target[c] = static_cast<float>(source[c]);
  }
  multiply<false>(w.queries, args.head_size, w.keys_t, w.padded_keys, args.head_size, w.scores);
  float factors[kTileRows];
  for (int r = 0; r < kTileRows; ++r) {
    factors[r] = softmax_row(args, w.scores + r * w.padded_keys, item.keys);
  }
  weigh_values(w, item.keys);
  bool finite = true;
  for (int r = 0; r < rows; ++r) {
    const double* products = w.products + r * w.padded_size;
    float* row = w.queries;  // of this tile no longer needed
    for (int c = 0; c < args.head_size; ++c) row[c] = static_cast<float>(products[c]) * factors[r];
    const Output columns = columns_of(args, item.head, item.first_row + query + r);
    finite = write_row<Rows>(row, Rows::max_magnitude_bits(row, args.head_size), 0, args.head_size,
                             columns) &&
             finite;
  }
  return finite;
}

bool write_zeros(const AttentionArgs& args, const AttentionItem& item) {
  static constexpr float kZeros[256] = {};
  bool finite = true;
  for (int query = item.query_begin; query < item.query_end; ++query) {
    const Output columns = columns_of(args, item.head, item.first_row + query);
    finite = write_row<Rows>(kZeros, 0, 0, args.head_size, columns) && finite;
  }
  return finite;
}

template <typename T>
bool attend_item(const AttentionArgs& args, const AttentionItem& item) {
  if (item.query_begin == item.query_end) return true;
  if (item.keys == 0) return write_zeros(args, item);
  static thread_local Scratch scratch;
  const Workspace w = make_workspace(item.keys, args.head_size, scratch);
  lay_out_head<T>(args, item, w);
  bool finite = true;
  for (int query = item.query_begin; query < item.query_end; query += kTileRows) {
    const int left = item.query_end - query;
    finite = attend_rows<T>(args, item, query, left < kTileRows ? left : kTileRows, w) && finite;
  }
  return finite;
}

// Flattened: the two versions differ in nothing but the instructions of everything they call.
[[gnu::flatten]] bool attend_baseline(const AttentionArgs& args, const AttentionItem& item) {
  return args.type == ElementType::s8 ? attend_item<int8_t>(args, item)
                                      : attend_item<float>(args, item);
}

#if defined(__x86_64__)
[[gnu::flatten, gnu::target("avx2,fma")]] bool attend_avx2(const AttentionArgs& args,
                                                           const AttentionItem& item) {
  return args.type == ElementType::s8 ? attend_item<int8_t>(args, item)
                                      : attend_item<float>(args, item);
}
#endif

using Attend = bool (*)(const AttentionArgs&, const AttentionItem&);

Attend choose_attend() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return attend_avx2;
#endif
  return attend_baseline;
}

}  // namespace

void attention(const AttentionArgs& args) {
  const AttentionItems items = split_attention(args, omp_get_max_threads());
  const Attend attend = choose_attend();
  bool any_nonfinite = false;
#pragma omp parallel for schedule(dynamic) reduction(|| : any_nonfinite)
  for (int i = 0; i < items.count(); ++i) {
    const bool finite = attend(args, items.at(i));
    any_nonfinite = any_nonfinite || !finite;
  }
  if (any_nonfinite && args.nonfinite != nullptr) *args.nonfinite = true;
}

}  // namespace herosweep::kernels::cpu::portable
