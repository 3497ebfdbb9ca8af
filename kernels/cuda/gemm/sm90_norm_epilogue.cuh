// Residual addition, layer normalisation and quantization (LN^quant) in the epilogue of the GEMM in
// front of it. The blocks of a cluster hold the parts of the same rows and exchange, through
// distributed shared memory, what a row's mean, variance and largest magnitude need:
//
//   v = (acc * token_scale[m]) * row_scale[n] + bias[n]
//   x = clamp(rint(v * inverse_scale[n])) * feature_scale[n], or v rounded to FP16
//   z = residual * residual_scale[m] + x
//   y = (z - mean) / sqrt(var + epsilon) * gamma + beta
//   D = y as FP16, or INT8 token-wise (its scale measured) or with a static scale
//
// What does not depend on the product, vectors over n and the residual, is on its way to shared
// memory while the blocks multiply. The values of a row stay in registers from the accumulators to
// the stores. Raises `nonfinite` of
// the linear part and of the normalisation as the two kernels apart do. Twins: kernels/reference's
// gemm and layer_norm, one after the other.
#pragma once

#include <cutlass/cutlass.h>

#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/detail.hpp>

#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/gemm/packed_rows.h"
#include "kernels/cuda/gemm/sm90_cluster.cuh"
#include "kernels/cuda/gemm/sm90_linear.cuh"

namespace herosweep::kernels::cuda::sm90 {

struct NormParameters {
  EpilogueParameters linear;  // `out` and the activation are not used
  int rows = 0;
  bool x_is_s8 = false;       // the linear part's format
  Scales feature_scale;       // [n] of an INT8 x; one otherwise
  const void* residual = nullptr;
  bool residual_is_s8 = false;
  Scales residual_scale;  // [m]
  const float* gamma = nullptr;
  const float* beta = nullptr;
  float epsilon = 0;
  void* f16 = nullptr;           // [m, n] or null
  int8_t* s8 = nullptr;          // [m, n] or null
  float* token_scale = nullptr;  // [m] or null
  Scales inverse_scale;          // [n] of a static INT8 output; one otherwise
  float low = -127.0f, high = 127.0f, divisor = 127.0f;
  bool* nonfinite = nullptr;
};

/// See LinearEpilogue. A tile's columns times `kBlocks` are the matrix's; a block computes one tile
/// and the blocks of a cluster tiles of the same rows. One warp group has a tile, which is 64 rows.
template <int kTileColumns, int kBlocks, class Accumulator>
class NormEpilogue {
 public:
  using DispatchPolicy = cutlass::epilogue::NoSmemWarpSpecialized;
  using ElementAccumulator = Accumulator;
  using ElementC = void;
  using ElementD = int8_t;
  using StrideC = cutlass::gemm::TagToStrideC_t<cutlass::layout::RowMajor>;
  using StrideD = StrideC;

 private:
  static constexpr int kThreads = 128;
  static constexpr int kTileRows = 64;
  static constexpr int kRows = 2;  // of a thread, 8 apart
  static constexpr int kGroups = kTileColumns / kPackedRowGroup;
  static constexpr int kColumns = kTileColumns * kBlocks;
  static_assert(kTileColumns % kPackedRowGroup == 0 && (kBlocks & (kBlocks - 1)) == 0);
  /// Eight neighbouring columns of each group and row.
  using Values = float[kGroups][kRows][8];
  /// A thread's eight values of the residual, FP16 or INT8.
  using Piece = uint4;

 public:
  struct SharedStorage {
    alignas(16) Piece residual[kGroups][kRows][kThreads];
    // Of the tile's columns. The first two give the linear part, for INT8 as (q - low) / range.
    alignas(16) float row_scale[kTileColumns], bias[kTileColumns], feature_scale[kTileColumns];
    alignas(16) float gamma[kTileColumns], beta[kTileColumns], inverse_scale[kTileColumns];
    // What each block tells about its part of each row: mean, sum of squared deviations from it;
    // the largest magnitude.
    float2 moments[kBlocks][kTileRows];
    float largest[kBlocks][kTileRows];
  };
  using Arguments = NormParameters;
  using Params = NormParameters;

  template <class ProblemShape>
  static constexpr Params to_underlying_arguments(const ProblemShape&, const Arguments& args,
                                                  void*) {
    return args;
  }
  template <class ProblemShape>
  static size_t get_workspace_size(const ProblemShape&, const Arguments&) {
    return 0;
  }

  CUTLASS_HOST_DEVICE explicit NormEpilogue(const Params& parameters) : params_(parameters) {}

  /// Called by every thread before the first product. Fetches what the epilogue needs besides.
  CUTLASS_DEVICE void prepare(SharedStorage& shared) {
    if (threadIdx.x < kThreads) return;  // the warp group that loads x and w
    const int thread = static_cast<int>(threadIdx.x) - kThreads;
    row_in_tile_ = thread / 32 * 16 + thread % 32 / 4;
    row_ = static_cast<int>(blockIdx.x) * kTileRows + row_in_tile_;
    column_in_tile_ = thread % 4 * 8;
    const int tile_column = static_cast<int>(blockIdx.y) * kTileColumns;
    column_ = tile_column + column_in_tile_;
    for (int column = thread; column < kTileColumns; column += kThreads)
      fetch_column(tile_column + column, column, shared);
    wait_for_predecessors();
    fetch_residual(thread, shared);
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const Scales &token = params_.linear.token_scale, &residual = params_.residual_scale;
      token_scales_[i] = token.data[clamped(i) * token.stride];
      residual_scales_[i] = residual.data[clamped(i) * residual.stride];
    }
  }

  template <class ProblemShape, class TileShape, class TileCoordinates, class Engine, class Layout,
            class TiledMma, class Residue>
  CUTLASS_DEVICE void operator()(const ProblemShape&, const TileShape&, const TileCoordinates&,
                                 const cute::Tensor<Engine, Layout>& accumulators, const TiledMma&,
                                 const Residue&, int thread, char* memory) {
    using namespace cute;
    // The accumulators of a thread: ((2 columns, 2 rows, n / 8), 1, 1).
    static_assert(size<0, 0>(Layout{}) == 2 && size<0, 1>(Layout{}) == 2);
    static_assert(size<0, 2>(Layout{}) * 8 == kTileColumns && size<1>(Layout{}) == 1);
    auto& shared = *reinterpret_cast<SharedStorage*>(memory);
    asm volatile("cp.async.wait_all;" ::: "memory");  // a thread reads what it fetched
    cutlass::arch::NamedBarrier::sync(kThreads,
                                      cutlass::arch::ReservedNamedBarriers::EpilogueBarrier);
    Accumulator sums[kGroups][kRows][8];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < size(accumulators); ++i) {
      const int octet = i / 4;
      sums[octet / 4][i / 2 % 2][octet % 4 * 2 + i % 2] = accumulators(i);
    }
    Values values;
    if (params_.x_is_s8)
      project<true>(sums, shared, values);
    else
      project<false>(sums, shared, values);
    if (params_.residual_is_s8)
      add_residual<true>(thread, shared, values);
    else
      add_residual<false>(thread, shared, values);
    normalize(shared, values);
    write(shared, values);
  }

 private:
  /// Row `i` or, behind the end, the last one: its results are not stored.
  CUTLASS_DEVICE int clamped(int i) const { return min(row_ + 8 * i, params_.rows - 1); }
  CUTLASS_DEVICE bool holds(int i) const { return row_ + 8 * i < params_.rows; }
  /// Of group `group` in row `i`.
  CUTLASS_DEVICE int64_t element(int i, int group) const {
    return int64_t{clamped(i)} * kColumns + column_ + group * kPackedRowGroup;
  }

  /// The scales of one column; no operator writes them.
  CUTLASS_DEVICE void fetch_column(int column, int to, SharedStorage& shared) const {
    const auto read = [column](Scales from) { return from.data[column * from.stride]; };
    const EpilogueParameters& linear = params_.linear;
    float row_scale = read(linear.row_scale), bias = read(linear.bias);
    const float inverse = read(linear.inverse_scale), feature_scale = read(params_.feature_scale);
    const float gamma = params_.gamma[column], beta = params_.beta[column];
    const float inverse_scale = read(params_.inverse_scale);
    if (params_.x_is_s8) {
      const float unit = __fdividef(1.0f, linear.range);
      row_scale *= inverse * unit;
      bias = fmaf(bias, inverse * unit, -linear.low * unit);
    }
    shared.row_scale[to] = row_scale;
    shared.bias[to] = bias;
    shared.feature_scale[to] = feature_scale;
    shared.gamma[to] = gamma;
    shared.beta[to] = beta;
    shared.inverse_scale[to] = inverse_scale;
  }

  CUTLASS_DEVICE void fetch_residual(int thread, SharedStorage& shared) const {
    const auto* data = static_cast<const char*>(params_.residual);
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(&shared.residual[g][i][thread]));
        if (params_.residual_is_s8)
          asm volatile("cp.async.ca.shared.global [%0], [%1], 8;" ::"r"(to),
                       "l"(data + element(i, g)));
        else
          asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to),
                       "l"(data + element(i, g) * 2));
      }
    }
  }

  /// Eight neighbours of the tile's columns.
  CUTLASS_DEVICE void read_eight(const float (&from)[kTileColumns], int group,
                                 float (&to)[8]) const {
    const auto* fours =
        reinterpret_cast<const float4*>(&from[column_in_tile_ + group * kPackedRowGroup]);
    CUTLASS_PRAGMA_UNROLL
    for (int half = 0; half < 2; ++half) {
      const float4 four = fours[half];
      to[half * 4] = four.x;
      to[half * 4 + 1] = four.y;
      to[half * 4 + 2] = four.z;
      to[half * 4 + 3] = four.w;
    }
  }

  /// values <- the linear part as it would be stored: integers, or rounded to FP16.
  template <bool kS8>
  CUTLASS_DEVICE void project(const Accumulator (&sums)[kGroups][kRows][8],
                              const SharedStorage& shared, Values& values) const {
    FiniteCheck finite;
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      float row_scale[8], bias[8];
      read_eight(shared.row_scale, g, row_scale);
      read_eight(shared.bias, g, bias);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 8; ++j)
          values[g][i][j] =
              fmaf(static_cast<float>(sums[g][i][j]) * token_scales_[i], row_scale[j], bias[j]);
        round<kS8>(values[g][i], finite);
      }
    }
    if (params_.linear.nonfinite != nullptr && finite.failed()) *params_.linear.nonfinite = true;
  }

  template <bool kS8>
  CUTLASS_DEVICE void round(float (&eight)[8], FiniteCheck& finite) const {
    CUTLASS_PRAGMA_UNROLL
    for (int j = 0; j < 8; j += 2) {
      if constexpr (kS8) {
        finite.add(eight[j], eight[j + 1]);
        CUTLASS_PRAGMA_UNROLL
        for (int k = j; k < j + 2; ++k)
          eight[k] = fmaf(__saturatef(eight[k]), params_.linear.range, params_.linear.low) +
                     kRound - kRound;
      } else {
        const __half2 pair = __floats2half2_rn(eight[j], eight[j + 1]);
        finite.add(pair);
        eight[j] = __low2float(pair);
        eight[j + 1] = __high2float(pair);
      }
    }
  }

  /// values <- residual + values * feature_scale.
  template <bool kS8>
  CUTLASS_DEVICE void add_residual(int thread, const SharedStorage& shared, Values& values) const {
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      float feature_scale[8];
      read_eight(shared.feature_scale, g, feature_scale);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const Piece piece = shared.residual[g][i][thread];
        const uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 8; ++j) {
          const float from = kS8 ? byte_to_float(words[j / 4], j % 4) * residual_scales_[i]
                                 : half_to_float(words[j / 2], j % 2);
          values[g][i][j] = fmaf(values[g][i][j], feature_scale[j], from);
        }
      }
    }
  }

  /// The corrected two-pass algorithm (rows/normalize.cuh) within a block's part of a row, whose
  /// moments merge without loss (Chan, Golub, LeVeque).
  CUTLASS_DEVICE void normalize(SharedStorage& shared, Values& values) const {
    constexpr float kInverseCount = 1.0f / kTileColumns;
    float centres[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) {
      float sum[2] = {};
      CUTLASS_PRAGMA_UNROLL
      for (int g = 0; g < kGroups; ++g) {
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 8; ++j) sum[j % 2] += values[g][i][j];
      }
      centres[i] = quad_sum(sum[0] + sum[1]) * kInverseCount;
      float shift[2] = {}, squares[2] = {};
      CUTLASS_PRAGMA_UNROLL
      for (int g = 0; g < kGroups; ++g) {
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 8; ++j) {
          values[g][i][j] -= centres[i];
          shift[j % 2] += values[g][i][j];
          squares[j % 2] = fmaf(values[g][i][j], values[g][i][j], squares[j % 2]);
        }
      }
      const float drift = quad_sum(shift[0] + shift[1]);
      const float deviations = quad_sum(squares[0] + squares[1]) - drift * drift * kInverseCount;
      tell_cluster<kBlocks>(shared.moments, row_in_tile_ + 8 * i,
                            make_float2(centres[i] + drift * kInverseCount, deviations));
    }
    cluster_barrier();
    float inverse_deviations[kRows], offsets[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const float2 moments = merged(shared, row_in_tile_ + 8 * i);
      // An infinite variance would give zeros: NaN, which reaches the flag.
      const bool is_finite = moments.y < __int_as_float(kInfinityBits);
      inverse_deviations[i] = is_finite ? rsqrtf(fmaxf(moments.y, 0.0f) * (1.0f / kColumns) + params_.epsilon)
                                        : __int_as_float(0x7fffffff);
      offsets[i] = (centres[i] - moments.x) * inverse_deviations[i];
    }
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      float gamma[8], beta[8];
      read_eight(shared.gamma, g, gamma);
      read_eight(shared.beta, g, beta);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 8; ++j)
          values[g][i][j] = fmaf(fmaf(values[g][i][j], inverse_deviations[i], offsets[i]), gamma[j],
                                 beta[j]);
      }
    }
  }

  /// Mean and sum of squared deviations of a whole row.
  CUTLASS_DEVICE float2 merged(const SharedStorage& shared, int row) const {
    float2 parts[kBlocks];
    float mean = 0;
    CUTLASS_PRAGMA_UNROLL
    for (int block = 0; block < kBlocks; ++block) {
      parts[block] = shared.moments[block][row];
      mean += parts[block].x;
    }
    mean *= 1.0f / kBlocks;
    float within = 0, between = 0;
    CUTLASS_PRAGMA_UNROLL
    for (int block = 0; block < kBlocks; ++block) {
      const float distance = parts[block].x - mean;
      within += parts[block].y;
      between = fmaf(distance, distance, between);
    }
    return {mean, fmaf(between, kTileColumns, within)};
  }

  CUTLASS_DEVICE void write(SharedStorage& shared, const Values& values) const {
    float largest[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) largest[i] = quad_largest(largest_of(values, i));
    const unsigned limit = params_.f16 != nullptr ? kHalfOverflowBits : kInfinityBits;
    bool overflows = false;
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      overflows |= holds(i) && __float_as_uint(largest[i]) >= limit;
    if (params_.f16 != nullptr) write_f16(values);
    float inverse[kRows] = {1.0f, 1.0f};
    if (params_.token_scale != nullptr) measure_scales(shared, largest, inverse);
    if (params_.s8 != nullptr) overflows |= write_s8(shared, values, inverse);
    if (overflows && params_.nonfinite != nullptr) *params_.nonfinite = true;
  }

  CUTLASS_DEVICE void measure_scales(SharedStorage& shared, const float (&largest)[kRows],
                                     float (&inverse)[kRows]) const {
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      tell_cluster<kBlocks>(shared.largest, row_in_tile_ + 8 * i, largest[i]);
    cluster_barrier();
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) {
      float of_row = 0;
      CUTLASS_PRAGMA_UNROLL
      for (int block = 0; block < kBlocks; ++block)
        of_row = larger_or_nan(of_row, shared.largest[block][row_in_tile_ + 8 * i]);
      const float scale = symmetric_scale(of_row, params_.divisor);
      inverse[i] = __fdividef(1.0f, scale);
      if (column_ == 0 && holds(i)) params_.token_scale[row_ + 8 * i] = scale;
    }
  }

  static CUTLASS_DEVICE float largest_of(const Values& values, int i) {
    float largest[2] = {};
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      CUTLASS_PRAGMA_UNROLL
      for (int j = 0; j < 8; ++j)
        largest[j % 2] = larger_or_nan(largest[j % 2], fabsf(values[g][i][j]));
    }
    return larger_or_nan(largest[0], largest[1]);
  }

  CUTLASS_DEVICE void write_f16(const Values& values) const {
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const float(&y)[8] = values[g][i];
        store_if(holds(i), static_cast<__half*>(params_.f16) + element(i, g),
                 uint4{half_pair(y[0], y[1]), half_pair(y[2], y[3]), half_pair(y[4], y[5]),
                       half_pair(y[6], y[7])});
      }
    }
  }

  /// Returns whether a scaled value is NaN or infinite.
  CUTLASS_DEVICE bool write_s8(const SharedStorage& shared, const Values& values,
                               const float (&inverse)[kRows]) const {
    FiniteCheck finite;
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      float scales[8];
      read_eight(shared.inverse_scale, g, scales);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        uint32_t words[2];
        CUTLASS_PRAGMA_UNROLL
        for (int half = 0; half < 2; ++half) {
          float four[4];
          CUTLASS_PRAGMA_UNROLL
          for (int j = 0; j < 4; ++j)
            four[j] = values[g][i][half * 4 + j] * (inverse[i] * scales[half * 4 + j]);
          finite.add(four[0], four[1]);
          finite.add(four[2], four[3]);
          uint32_t bits[4];
          CUTLASS_PRAGMA_UNROLL
          for (int j = 0; j < 4; ++j)
            bits[j] = __float_as_uint(fminf(fmaxf(four[j], params_.low), params_.high) + kRound);
          words[half] = low_bytes(bits[0], bits[1], bits[2], bits[3]);
        }
        store_if(holds(i), params_.s8 + element(i, g), uint2{words[0], words[1]});
      }
    }
    return finite.failed();
  }

  const Params& params_;
  int row_in_tile_ = 0, column_in_tile_ = 0;  // of the thread, the first
  int row_ = 0, column_ = 0;                  // in the matrix
  float token_scales_[kRows] = {}, residual_scales_[kRows] = {};
};

/// Lets an epilogue fetch what it needs before the first product.
template <class Epilogue>
class PreparedEpilogue
    : public cutlass::epilogue::collective::detail::Sm90TmaWarpSpecializedAdapter<Epilogue> {
 public:
  CUTLASS_DEVICE PreparedEpilogue(const typename Epilogue::Params& parameters,
                                  typename Epilogue::SharedStorage& shared)
      : cutlass::epilogue::collective::detail::Sm90TmaWarpSpecializedAdapter<Epilogue>(parameters,
                                                                                      shared) {
    this->prepare(shared);
  }
};

}  // namespace herosweep::kernels::cuda::sm90
