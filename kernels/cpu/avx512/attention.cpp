// One fused operator for each (sequence, head): K and V are laid out once, then blocks of 12 query
// rows go through scores, softmax and the product with V while everything stays in cache.
//
// INT8: K is shifted to UINT8 (k + 128), which adds 128 * sum(q) to all scores of a row. Softmax
// subtracts the row's maximum from exact scores, so that constant needs no correction. For the same
// reason the INT32 sums may start at the bits of 1.5 * 2^23: read as FP32 they are that number plus
// the score, without a conversion, as long as |score| < 2^22.
#include "kernels/attention.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/cpu/attention_items.h"
#include "kernels/cpu/avx512/attention_layout.h"
#include "kernels/cpu/avx512/attention_tiles.h"
#include "kernels/cpu/avx512/head_writer.h"
#include "kernels/cpu/avx512/softmax.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/scratch.h"

namespace herosweep::kernels::cpu::avx512 {
namespace {

/// Operand type of a call and what follows from it.
struct FloatHead {
  static constexpr Product kScores = Product::f32;
  static constexpr Product kValues = Product::f32;
  static constexpr int kElementBytes = 4;
  static constexpr int kKeysPerWord = 1;
};

struct Int8Head {
  static constexpr Product kScores = Product::s8_rows_u8_panel;
  static constexpr Product kValues = Product::u8_rows_s8_panel;
  static constexpr int kElementBytes = 1;
  static constexpr int kKeysPerWord = 4;
};

/// Working memory of one item; layouts of K and V in attention_layout.h.
struct Workspace {
  char* keys;
  char* values;
  char* queries;           // [kQueryBlock, size_words]; for sizes that are not whole words
  char* scores;            // [kQueryBlock] rows of FP32
  uint8_t* probabilities;  // [kQueryBlock] rows of UINT8
  size_t score_stride;     // bytes
  size_t probability_stride;
  int key_vectors;
  int size_vectors;
  int size_words;
};

template <typename Head>
Workspace make_workspace(int keys, int head_size, Scratch& scratch) {
  Workspace w{};
  w.key_vectors = divide_up(keys, kLanes);
  w.size_vectors = divide_up(head_size, kLanes);
  w.size_words = divide_up(head_size * Head::kElementBytes, 4);
  // One vector more than needed: rows a power of two apart would share the sets of L1.
  w.score_stride = static_cast<size_t>(w.key_vectors + 1) * kVectorBytes;
  w.probability_stride = static_cast<size_t>(divide_up(w.key_vectors, 4)) * kVectorBytes;
  const size_t key_bytes = static_cast<size_t>(w.key_vectors) * w.size_words * kVectorBytes;
  const size_t value_bytes =
      static_cast<size_t>(divide_up(keys, Head::kKeysPerWord)) * w.size_vectors * kVectorBytes;
  const size_t query_bytes = static_cast<size_t>(w.size_words) * kQueryBlock * kVectorBytes / 16;
  w.keys = static_cast<char*>(
      scratch.reserve(key_bytes + value_bytes +
                      kQueryBlock * (w.score_stride + w.probability_stride) + query_bytes));
  w.values = w.keys + key_bytes;
  w.scores = w.values + value_bytes;
  w.probabilities = reinterpret_cast<uint8_t*>(w.scores + kQueryBlock * w.score_stride);
  w.queries = w.scores + kQueryBlock * (w.score_stride + w.probability_stride);
  return w;
}

template <typename Head>
RowView part_rows(const AttentionArgs& args, const AttentionItem& item, int part) {
  return {static_cast<const char*>(args.qkv) + part_offset(args, item, part) * Head::kElementBytes,
          row_stride_elements(args) * Head::kElementBytes, item.keys,
          args.head_size * Head::kElementBytes};
}

template <typename Head>
void lay_out_head(const AttentionArgs& args, const AttentionItem& item, const Workspace& w) {
  const RowView k = part_rows<Head>(args, item, 1);
  const RowView v = part_rows<Head>(args, item, 2);
  if constexpr (Head::kScores == Product::f32) {
    lay_out_keys(k, 0, w.keys);
    lay_out_values_f32(v, w.values);
  } else {
    lay_out_keys(k, 0x80808080u, w.keys);
    lay_out_values_s8(v, w.values);
  }
}

/// `count` query rows as words: in place, or copied where a row does not end with a whole word.
template <typename Head>
RowView query_rows(const AttentionArgs& args, const AttentionItem& item, int query, int count,
                   const Workspace& w) {
  RowView q = part_rows<Head>(args, item, 0);
  q.data += static_cast<size_t>(query) * q.stride_bytes;
  q.rows = count;
  if (q.row_bytes % 4 == 0) return q;
  const size_t stride = static_cast<size_t>(w.size_words) * 4;
  std::memset(w.queries, 0, stride * static_cast<size_t>(count));
  for (int r = 0; r < count; ++r) {
    std::memcpy(w.queries + r * stride, q.data + r * q.stride_bytes,
                static_cast<size_t>(q.row_bytes));
  }
  return {w.queries, stride, count, q.row_bytes};
}

/// Rows of each tile of a block: as even as possible, a thin last tile would waste its loads.
int tile_rows(int rows) { return divide_up(rows, divide_up(rows, kMaxTileRows)); }

struct ScoreTile {
  const char* q;
  size_t q_stride;
  const char* panel;
  int words;
  char* scores;
  size_t score_stride;
  int start;     // INT32 or bits of FP32
  bool convert;  // INT32 sums to FP32
};

template <Product kProduct>
struct ComputeScores {
  ScoreTile t;

  template <int kRows, int kVectors>
  void run() const {
    __m512i sums[kRows][kVectors];
    multiply_tile<kProduct>(t.q, t.q_stride, t.panel, t.words, _mm512_set1_epi32(t.start), sums);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) {
        if (t.convert) sums[r][c] = _mm512_castps_si512(_mm512_cvtepi32_ps(sums[r][c]));
        _mm512_store_si512(t.scores + r * t.score_stride + c * kVectorBytes, sums[r][c]);
      }
    }
  }
};

template <typename Head>
void compute_scores(const RowView& q, const Workspace& w) {
  constexpr bool kIsInt8 = Head::kScores != Product::f32;
  constexpr int kMaxBiasedSize = 128;  // 128 * 255 * 128 < 2^22
  const bool biased = kIsInt8 && q.row_bytes <= kMaxBiasedSize;
  const int start = biased ? __builtin_bit_cast(int, 12582912.0f) : 0;
  const int step = tile_rows(q.rows);
  for (int first = 0; first < w.key_vectors; first += kPanelVectors) {
    const int vectors = panel_vectors(w.key_vectors, first / kPanelVectors);
    const char* panel = w.keys + static_cast<size_t>(first) * w.size_words * kVectorBytes;
    for (int r = 0; r < q.rows; r += step) {
      const ScoreTile tile{q.data + r * q.stride_bytes,
                           q.stride_bytes,
                           panel,
                           w.size_words,
                           w.scores + r * w.score_stride + first * kVectorBytes,
                           w.score_stride,
                           start,
                           kIsInt8 && !biased};
      dispatch_tile(q.rows - r < step ? q.rows - r : step, vectors,
                    ComputeScores<Head::kScores>{tile});
    }
  }
}

/// Turns the rows of scores into probabilities and finds the factor of each output row.
template <typename Head>
void apply_softmax(const AttentionArgs& args, int rows, int keys, const Workspace& w,
                   float* factors) {
  const float factor = args.scale_q * args.scale_k * args.score_scale * kLog2E;
  const ScoreBlock scores{w.scores, w.score_stride, rows, keys};
  const ProbabilityBlock u8{w.probabilities, w.probability_stride};
  float sums[kQueryBlock];
  if constexpr (Head::kScores == Product::f32) {
    softmax_f32(scores, factor, sums);
    for (int r = 0; r < rows; ++r) factors[r] = 1.0f / sums[r];
  } else if (args.softmax == SoftmaxMode::rowmax) {
    softmax_rowmax_u8(scores, factor, u8, sums);
    for (int r = 0; r < rows; ++r) factors[r] = args.scale_v / (255.0f * sums[r]);
  } else {
    softmax_static_u8(scores, factor, u8);
    for (int r = 0; r < rows; ++r) factors[r] = args.scale_v / 255.0f;
  }
}

/// Sums [rows, vectors] times the factor of their row. A loop of its own: unrolled behind every
/// tile it would be most of this file's code.
template <Product kProduct>
[[gnu::noinline]] void write_tile(const char* tile, int rows, int vectors, int row, int column,
                                  const float* factors, HeadWriter& writer) {
  for (int r = 0; r < rows; ++r) {
    const __m512 factor = _mm512_set1_ps(factors[r]);
    for (int c = 0; c < vectors; ++c) {
      const __m512i sum = _mm512_load_si512(tile + (r * vectors + c) * kVectorBytes);
      const __m512 value =
          kProduct == Product::f32 ? _mm512_castsi512_ps(sum) : _mm512_cvtepi32_ps(sum);
      writer.write(row + r, column + c * kLanes, _mm512_mul_ps(value, factor));
    }
  }
}

template <Product kProduct>
struct WeighValues {
  const char* probabilities;
  size_t stride;
  const char* panel;
  int words;
  const float* factors;
  HeadWriter* writer;
  int row;
  int column;

  template <int kRows, int kVectors>
  void run() const {
    __m512i sums[kRows][kVectors];
    multiply_tile<kProduct>(probabilities, stride, panel, words, _mm512_setzero_si512(), sums);
    alignas(kVectorBytes) char tile[kRows * kVectors * kVectorBytes];
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) {
        _mm512_store_si512(tile + (r * kVectors + c) * kVectorBytes, sums[r][c]);
      }
    }
    write_tile<kProduct>(tile, kRows, kVectors, row, column, factors, *writer);
  }
};

template <typename Head>
void weigh_values(int query, int rows, int keys, const Workspace& w, const float* factors,
                  HeadWriter& writer) {
  const int step = tile_rows(rows);
  const int words = divide_up(keys, Head::kKeysPerWord);
  constexpr bool kIsFloat = Head::kValues == Product::f32;
  const char* probabilities = kIsFloat ? w.scores : reinterpret_cast<char*>(w.probabilities);
  const size_t stride = kIsFloat ? w.score_stride : w.probability_stride;
  for (int first = 0; first < w.size_vectors; first += kPanelVectors) {
    const int vectors = panel_vectors(w.size_vectors, first / kPanelVectors);
    const char* panel = w.values + static_cast<size_t>(first) * words * kVectorBytes;
    for (int r = 0; r < rows; r += step) {
      const WeighValues<Head::kValues> tile{probabilities + r * stride,
                                            stride,
                                            panel,
                                            words,
                                            factors + r,
                                            &writer,
                                            query + r,
                                            first * kLanes};
      dispatch_tile(rows - r < step ? rows - r : step, vectors, tile);
    }
  }
}

/// Returns whether every output is finite.
template <typename Head>
bool attend(const AttentionArgs& args, const AttentionItem& item) {
  if (item.query_begin == item.query_end) return true;
  HeadWriter writer(args, item);
  if (item.keys == 0) {
    writer.write_zeros(item.query_begin, item.query_end);
    return writer.all_finite();
  }
  static thread_local Scratch scratch;
  const Workspace w = make_workspace<Head>(item.keys, args.head_size, scratch);
  lay_out_head<Head>(args, item, w);
  for (int query = item.query_begin; query < item.query_end; query += kQueryBlock) {
    const int left = item.query_end - query;
    const int rows = left < kQueryBlock ? left : kQueryBlock;
    float factors[kQueryBlock];
    compute_scores<Head>(query_rows<Head>(args, item, query, rows, w), w);
    apply_softmax<Head>(args, rows, item.keys, w, factors);
    weigh_values<Head>(query, rows, item.keys, w, factors, writer);
  }
  return writer.all_finite();
}

}  // namespace

void attention(const AttentionArgs& args) {
  const AttentionItems items = split_attention(args, omp_get_max_threads());
  bool any_nonfinite = false;
#pragma omp parallel for schedule(dynamic) reduction(|| : any_nonfinite)
  for (int i = 0; i < items.count(); ++i) {
    const AttentionItem item = items.at(i);
    const bool finite =
        args.type == ElementType::s8 ? attend<Int8Head>(args, item) : attend<FloatHead>(args, item);
    any_nonfinite = any_nonfinite || !finite;
  }
  if (any_nonfinite && args.nonfinite != nullptr) *args.nonfinite = true;
}

}  // namespace herosweep::kernels::cpu::avx512
