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
// The values of a row stay in registers from the accumulators to the stores. Raises `nonfinite` of
// the linear part and of the normalisation as the two kernels apart do. Twins: kernels/reference's
// gemm and layer_norm, one after the other.
#pragma once

#include <cutlass/cutlass.h>

#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/detail.hpp>

#include "kernels/cuda/gemm/packed_rows.h"
#include "kernels/cuda/gemm/sm90_cluster.cuh"
#include "kernels/cuda/gemm/sm90_linear.cuh"

namespace herosweep::kernels::cuda::sm90 {

struct NormParameters {
  EpilogueParameters linear;  // `out` and the activation are not used
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
/// and the blocks of a cluster tiles of the same rows.
template <int kTileRows, int kTileColumns, int kBlocks, class Accumulator>
class NormEpilogue {
 public:
  using DispatchPolicy = cutlass::epilogue::NoSmemWarpSpecialized;
  using ElementAccumulator = Accumulator;
  using ElementC = void;
  using ElementD = int8_t;
  using StrideC = cutlass::gemm::TagToStrideC_t<cutlass::layout::RowMajor>;
  using StrideD = StrideC;
  /// What each block tells about its part of each row.
  struct SharedStorage {
    float2 moments[kBlocks][kTileRows];  // mean, sum of squared deviations from it
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

  template <class ProblemShape, class TileShape, class TileCoordinates, class Engine, class Layout,
            class TiledMma, class Residue>
  CUTLASS_DEVICE void operator()(const ProblemShape& problem, const TileShape& tile,
                                 const TileCoordinates& at,
                                 const cute::Tensor<Engine, Layout>& accumulators,
                                 const TiledMma& tiled_mma, const Residue&, int thread,
                                 char* shared) {
    using namespace cute;
    // The accumulators of a thread: ((2 columns, 2 rows, n / 8), 1, 1).
    static_assert(size<0, 0>(Layout{}) == 2 && size<0, 1>(Layout{}) == 2);
    static_assert(size<0, 2>(Layout{}) * 8 == kTileColumns && size<1>(Layout{}) == 1);
    const auto places = tiled_mma.get_thread_slice(thread).partition_C(
        make_identity_tensor(make_shape(get<0>(tile), get<1>(tile))));
    Part part;
    part.row_in_tile = get<0>(places(make_coord(0, 0, 0), 0, 0));
    part.column = get<1>(at) * get<1>(tile) + get<1>(places(make_coord(0, 0, 0), 0, 0)) / 2 * 8;
    part.row = get<0>(at) * get<0>(tile) + part.row_in_tile;
    part.rows = get<0>(problem);
    Accumulator sums[kGroups][kRows][8];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < size(accumulators); ++i) {
      const int octet = i / 4;
      sums[octet / 4][i / 2 % 2][octet % 4 * 2 + i % 2] = accumulators(i);
    }
    Values values;
    Residual residual;
    load_residual(part, residual);
    if (params_.x_is_s8)
      project<true>(sums, part, values);
    else
      project<false>(sums, part, values);
    add_residual(part, residual, values);
    auto& told = *reinterpret_cast<SharedStorage*>(shared);
    normalize(part, told, values);
    write(part, told, values);
  }

 private:
  static constexpr int kRows = 2;  // of a thread, 8 apart
  static constexpr int kGroups = kTileColumns / kPackedRowGroup;
  static constexpr int kColumns = kTileColumns * kBlocks;
  static_assert(kTileColumns % kPackedRowGroup == 0 && (kBlocks & (kBlocks - 1)) == 0);
  /// Eight neighbouring columns of each group and row.
  using Values = float[kGroups][kRows][8];
  using Residual = uint4[kGroups][kRows];

  struct Part {
    int row_in_tile, row;  // the first
    int column;            // the first of the first group
    int rows;              // of the matrix

    /// Row `i` or, behind the end, the last one: its results are not stored.
    CUTLASS_DEVICE int clamped(int i) const { return min(row + 8 * i, rows - 1); }
    CUTLASS_DEVICE bool holds(int i) const { return row + 8 * i < rows; }
    /// Of group `group` in row `i`.
    CUTLASS_DEVICE int64_t element(int i, int group) const {
      return int64_t{clamped(i)} * kColumns + column + group * kPackedRowGroup;
    }
  };

  CUTLASS_DEVICE void load_residual(const Part& part, Residual& residual) const {
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const auto* data = static_cast<const char*>(params_.residual);
        if (params_.residual_is_s8) {
          const uint2 bytes = *reinterpret_cast<const uint2*>(data + part.element(i, g));
          residual[g][i].x = bytes.x;
          residual[g][i].y = bytes.y;
        } else {
          residual[g][i] = *reinterpret_cast<const uint4*>(data + part.element(i, g) * 2);
        }
      }
    }
  }

  /// values <- the linear part as it would be stored: integers, or rounded to FP16.
  template <bool kS8>
  CUTLASS_DEVICE void project(const Accumulator (&sums)[kGroups][kRows][8], const Part& part,
                              Values& values) const {
    const EpilogueParameters& linear = params_.linear;
    float token_scales[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      token_scales[i] = linear.token_scale.data[part.clamped(i) * linear.token_scale.stride];
    FiniteCheck finite;
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      CUTLASS_PRAGMA_UNROLL
      for (int half = 0; half < 2; ++half) {
        Columns columns(linear, part.column + g * kPackedRowGroup + half * 4, kS8);
        if constexpr (kS8) columns.template prepare<false>(linear);
        CUTLASS_PRAGMA_UNROLL
        for (int i = 0; i < kRows; ++i) {
          float four[4];
          CUTLASS_PRAGMA_UNROLL
          for (int j = 0; j < 4; ++j)
            four[j] = fmaf(static_cast<float>(sums[g][i][half * 4 + j]) * token_scales[i],
                           columns.row_scale[j], columns.bias[j]);
          round<kS8>(four, finite);
          CUTLASS_PRAGMA_UNROLL
          for (int j = 0; j < 4; ++j) values[g][i][half * 4 + j] = four[j];
        }
      }
    }
    if (linear.nonfinite != nullptr && finite.failed()) *linear.nonfinite = true;
  }

  template <bool kS8>
  CUTLASS_DEVICE void round(float (&four)[4], FiniteCheck& finite) const {
    if constexpr (kS8) {
      finite.add(four);
      CUTLASS_PRAGMA_UNROLL
      for (float& value : four)
        value = fmaf(__saturatef(value), params_.linear.range, params_.linear.low) + kRound - kRound;
    } else {
      const __half2 low = __floats2half2_rn(four[0], four[1]);
      const __half2 high = __floats2half2_rn(four[2], four[3]);
      finite.add(low);
      finite.add(high);
      four[0] = __low2float(low);
      four[1] = __high2float(low);
      four[2] = __low2float(high);
      four[3] = __high2float(high);
    }
  }

  /// values <- residual + values * feature_scale.
  CUTLASS_DEVICE void add_residual(const Part& part, const Residual& residual,
                                   Values& values) const {
    float scales[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      scales[i] = params_.residual_scale.data[part.clamped(i) * params_.residual_scale.stride];
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      float feature_scales[8];
      read_eight(params_.feature_scale, part.column + g * kPackedRowGroup, feature_scales);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const uint32_t words[4] = {residual[g][i].x, residual[g][i].y, residual[g][i].z,
                                   residual[g][i].w};
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 8; ++j) {
          const float from = params_.residual_is_s8
                                 ? byte_to_float(words[j / 4], j % 4) * scales[i]
                                 : half_to_float(words[j / 2], j % 2);
          values[g][i][j] = fmaf(values[g][i][j], feature_scales[j], from);
        }
      }
    }
  }

  /// The corrected two-pass algorithm (rows/normalize.cuh) within a block's part of a row, whose
  /// moments merge without loss (Chan, Golub, LeVeque).
  CUTLASS_DEVICE void normalize(const Part& part, SharedStorage& told, Values& values) const {
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
      tell_cluster<kBlocks>(told.moments, part.row_in_tile + 8 * i,
                            make_float2(centres[i] + drift * kInverseCount, deviations));
    }
    cluster_barrier();
    float inverse_deviations[kRows], offsets[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const float2 moments = merged(told, part.row_in_tile + 8 * i);
      // An infinite variance would give zeros: NaN, which reaches the flag.
      const bool is_finite = moments.y < __int_as_float(kInfinityBits);
      inverse_deviations[i] = is_finite ? rsqrtf(fmaxf(moments.y, 0.0f) * (1.0f / kColumns) + params_.epsilon)
                                        : __int_as_float(0x7fffffff);
      offsets[i] = (centres[i] - moments.x) * inverse_deviations[i];
    }
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      float gamma[8], beta[8];
      read_eight({params_.gamma, 1}, part.column + g * kPackedRowGroup, gamma);
      read_eight({params_.beta, 1}, part.column + g * kPackedRowGroup, beta);
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
  CUTLASS_DEVICE float2 merged(const SharedStorage& told, int row) const {
    float2 parts[kBlocks];
    float mean = 0;
    CUTLASS_PRAGMA_UNROLL
    for (int block = 0; block < kBlocks; ++block) {
      parts[block] = told.moments[block][row];
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

  CUTLASS_DEVICE void write(const Part& part, SharedStorage& told, const Values& values) const {
    float largest[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) largest[i] = quad_largest(largest_of(values, i));
    const unsigned limit = params_.f16 != nullptr ? kHalfOverflowBits : kInfinityBits;
    bool overflows = false;
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      overflows |= part.holds(i) && __float_as_uint(largest[i]) >= limit;
    if (params_.f16 != nullptr) write_f16(part, values);
    float inverse[kRows] = {1.0f, 1.0f};
    if (params_.token_scale != nullptr) measure_scales(part, told, largest, inverse);
    if (params_.s8 != nullptr) overflows |= write_s8(part, values, inverse);
    if (overflows && params_.nonfinite != nullptr) *params_.nonfinite = true;
  }

  CUTLASS_DEVICE void measure_scales(const Part& part, SharedStorage& told,
                                     const float (&largest)[kRows], float (&inverse)[kRows]) const {
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      tell_cluster<kBlocks>(told.largest, part.row_in_tile + 8 * i, largest[i]);
    cluster_barrier();
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) {
      float of_row = 0;
      CUTLASS_PRAGMA_UNROLL
      for (int block = 0; block < kBlocks; ++block)
        of_row = larger_or_nan(of_row, told.largest[block][part.row_in_tile + 8 * i]);
      const float scale = symmetric_scale(of_row, params_.divisor);
      inverse[i] = __fdividef(1.0f, scale);
      if (part.column == 0 && part.holds(i)) params_.token_scale[part.row + 8 * i] = scale;
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

  CUTLASS_DEVICE void write_f16(const Part& part, const Values& values) const {
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        const float(&y)[8] = values[g][i];
        store_if(part.holds(i), static_cast<__half*>(params_.f16) + part.element(i, g),
                 uint4{half_pair(y[0], y[1]), half_pair(y[2], y[3]), half_pair(y[4], y[5]),
                       half_pair(y[6], y[7])});
      }
    }
  }

  /// Returns whether a scaled value is NaN or infinite.
  CUTLASS_DEVICE bool write_s8(const Part& part, const Values& values,
                               const float (&inverse)[kRows]) const {
    FiniteCheck finite;
    CUTLASS_PRAGMA_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      float scales[8];
      read_eight(params_.inverse_scale, part.column + g * kPackedRowGroup, scales);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        uint32_t words[2];
        CUTLASS_PRAGMA_UNROLL
        for (int half = 0; half < 2; ++half) {
          float four[4];
          CUTLASS_PRAGMA_UNROLL
          for (int j = 0; j < 4; ++j)
            four[j] = values[g][i][half * 4 + j] * inverse[i] * scales[half * 4 + j];
          finite.add(four);
          uint32_t bits[4];
          CUTLASS_PRAGMA_UNROLL
          for (int j = 0; j < 4; ++j)
            bits[j] = __float_as_uint(fminf(fmaxf(four[j], params_.low), params_.high) + kRound);
          words[half] = low_bytes(bits[0], bits[1], bits[2], bits[3]);
        }
        store_if(part.holds(i), params_.s8 + part.element(i, g), uint2{words[0], words[1]});
      }
    }
    return finite.failed();
  }

  /// Eight neighbours from `column` on. Ordinary loads, see Columns.
  static CUTLASS_DEVICE void read_eight(Scales from, int column, float (&to)[8]) {
    CUTLASS_PRAGMA_UNROLL
    for (int half = 0; half < 2; ++half) {
      const auto four =
          reinterpret_cast<const float4*>(from.data + column * from.stride)[half * from.stride];
      to[half * 4] = four.x;
      to[half * 4 + 1] = four.y;
      to[half * 4 + 2] = four.z;
      to[half * 4 + 3] = four.w;
    }
  }

  Params params_;
};

}  // namespace herosweep::kernels::cuda::sm90
