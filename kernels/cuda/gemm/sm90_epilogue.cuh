// The one epilogue of the SM90 GEMMs, in the place of a collective epilogue of CUTLASS. Everything
// is chosen at run time, so that a tile is one instantiation for every use:
//
//   v = (acc * token_scale[m]) * row_scale[n] + bias[n]
//   y = activation(v)
//   D = y as FP32 or FP16, or clamp(rint(y * inverse_scale[n]), low, high) as INT8
//
// FP32 throughout; multiply and add round once (FMA). The conversion to bytes clamps to [-128,
// 127]; what it leaves, a comparison with `low` and, for ranges that end elsewhere, with `high`, is
// left out where no result can need it. Raises `nonfinite` for a value that is NaN or infinite when
// it is quantized, or after rounding to FP16. Twin: kernels/reference/gemm.cpp.
//
// One warp a scheduler runs an epilogue while another multiplies, so that latencies are not hidden
// by other warps, and a kernel computes few tiles, so that every line of code is fetched for little
// use. Hence: results go from registers to global memory with neither shared memory nor a barrier,
// eight neighbouring columns of a row at a time (packed_rows.h); no branch between them; a loop
// through whose registers the accumulators move, instead of code for each of them; and what the
// vectors hold for the next columns is asked for while the last ones are worked on.
#pragma once

#include <cutlass/cutlass.h>

#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/detail.hpp>
#include <type_traits>

#include "kernels/cuda/gemm/packed_rows.h"
#include "kernels/cuda/numeric.cuh"

namespace herosweep::kernels::cuda::sm90 {

/// A vector over rows, or one value for all of them (stride 0). Device memory.
struct Scales {
  const float* data = nullptr;
  int stride = 1;  // 0 or 1
};

struct EpilogueParameters {
  Scales token_scale;  // [m]
  // [n] each, aligned to 16 bytes; inverse_scale is read for INT8 output.
  const float* row_scale = nullptr;
  const float* bias = nullptr;
  const float* inverse_scale = nullptr;
  void* out = nullptr;  // [m, n]
  int n = 0;            // a multiple of 8
  float low = -127.0f, high = 127.0f;
  float ordinary_inverse = -1.0f;  // the largest inverse_scale of the bodies without checks
  bool* nonfinite = nullptr;
  bool activate = false;
  GeluPolynomial gelu{};               // of the activation, for FP16 and FP32 output
  CoarseGeluPolynomial coarse_gelu{};  // of the activation, for INT8 output
};

/// NaN as soon as one value was NaN or infinite, else 0: one multiply-add a value, no comparison.
class FiniteCheck {
 public:
  __device__ __forceinline__ void add(const float (&values)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) poison_[i % 2] = fmaf(values[i], 0.0f, poison_[i % 2]);
  }
  __device__ __forceinline__ void add(__half2 values) {
    half_poison_ = __hfma2(values, __float2half2_rn(0.0f), half_poison_);
  }
  __device__ __forceinline__ bool failed() const {
    return isnan(poison_[0] + poison_[1]) || __hisnan(__low2half(half_poison_)) ||
           __hisnan(__high2half(half_poison_));
  }

 private:
  float poison_[2] = {};
  __half2 half_poison_ = __float2half2_rn(0.0f);
};

/// Stores under a predicate: a branch, which the compiler would make, costs as much as ten results.
__device__ __forceinline__ void store_if(bool condition, void* to, uint2 bits) {
  asm volatile(
      "{\n .reg .pred p;\n setp.ne.b32 p, %0, 0;\n @p st.global.v2.b32 [%1], {%2, %3};\n}" ::"r"(
          static_cast<int>(condition)),
      "l"(to), "r"(bits.x), "r"(bits.y)
      : "memory");
}
__device__ __forceinline__ void store_if(bool condition, void* to, uint4 bits) {
  asm volatile(
      "{\n .reg .pred p;\n setp.ne.b32 p, %0, 0;\n @p st.global.v4.b32 [%1], {%2, %3, %4, "
      "%5};\n}" ::"r"(static_cast<int>(condition)),
      "l"(to), "r"(bits.x), "r"(bits.y), "r"(bits.z), "r"(bits.w)
      : "memory");
}

/// |value| <= 2^exponent; false for a NaN.
template <int kExponent>
__device__ __forceinline__ bool within(float value) {
  static_assert(kExponent < 64, "a shift");
  return fabsf(value) <= static_cast<float>(uint64_t{1} << kExponent);
}

/// What the vectors over n hold for four neighbouring columns. kAhead: they are read where it says
/// so, not where they are used.
template <bool kAhead>
struct Columns {
  float row_scale[4], bias[4], inverse_scale[4];

  Columns() = default;
  __device__ __forceinline__ Columns(const EpilogueParameters& params, int column,
                                     bool with_inverse) {
    // Bytes, clamped: results behind the end are not stored.
    const auto at = static_cast<uint32_t>(min(4 * column, 4 * (params.n - 4)));
    read(row_scale, params.row_scale, at);
    read(bias, params.bias, at);
    if (with_inverse) read(inverse_scale, params.inverse_scale, at);
  }

 private:
  static __device__ __forceinline__ void read(float (&to)[4], const float* from, uint32_t at) {
    const char* four = reinterpret_cast<const char*>(from) + at;
    if constexpr (kAhead) {
      asm volatile("ld.global.nc.v4.f32 {%0, %1, %2, %3}, [%4];"
                   : "=f"(to[0]), "=f"(to[1]), "=f"(to[2]), "=f"(to[3])
                   : "l"(four));
    } else {
      // Not through the read-only path: stores keep the compiler from moving ordinary loads ahead,
      // where the accumulators need the registers.
      const float4 values = *reinterpret_cast<const float4*>(four);
      to[0] = values.x;
      to[1] = values.y;
      to[2] = values.z;
      to[3] = values.w;
    }
  }
};

/// The largest divisor of `groups` that makes chunks of at most 64 accumulators.
constexpr int groups_of_chunk(int groups, int rows) {
  int chunk = 1;
  for (int divisor = 1; divisor <= groups; ++divisor)
    if (groups % divisor == 0 && divisor * rows * 8 <= 64) chunk = divisor;
  return chunk;
}

/// What `cutlass::epilogue::collective::detail::Sm90TmaWarpSpecializedAdapter` makes a collective
/// epilogue of. kReadsAhead: the vectors' next columns are read while the last ones are worked on,
/// which takes 12 registers, and the first ones while sums are formed; for kernels that leave one
/// warp a scheduler in its epilogue.
template <int kTileColumns, class Accumulator, class Element, bool kReadsAhead>
class LinearEpilogue {
 public:
  using DispatchPolicy = cutlass::epilogue::NoSmemWarpSpecialized;
  using ElementAccumulator = Accumulator;
  using ElementC = void;
  using ElementD = Element;
  using StrideC = cutlass::gemm::TagToStrideC_t<cutlass::layout::RowMajor>;
  using StrideD = StrideC;
  struct SharedStorage {};
  static constexpr bool kQuantized = std::is_same_v<Element, int8_t>;
  /// Accumulators are below 2^31, so that ordinary scales rule out an overflow before quantization.
  static constexpr bool kMayBeBounded = kQuantized && std::is_same_v<Accumulator, int32_t>;
  using Arguments = EpilogueParameters;
  using Params = EpilogueParameters;
  using Vectors = Columns<kReadsAhead>;

  template <class ProblemShape>
  static constexpr Params to_underlying_arguments(const ProblemShape&, const Arguments& args,
                                                  void*) {
    return args;
  }
  template <class ProblemShape>
  static size_t get_workspace_size(const ProblemShape&, const Arguments&) {
    return 0;
  }

  CUTLASS_HOST_DEVICE explicit LinearEpilogue(const Params& parameters) : params_(parameters) {}

  /// A lane's part of the vectors over a tile's columns. Together the lanes of a warp read what
  /// they will need, so that it waits in the L1 cache.
  struct ColumnSample {
    static constexpr int kTurns = (kTileColumns + 31) / 32;
    float row_scale[kTurns], bias[kTurns], inverse[kTurns];

    CUTLASS_DEVICE void read(const Params& params, int tile_column) {
      CUTLASS_PRAGMA_UNROLL
      for (int turn = 0; turn < kTurns; ++turn) {
        const int column =
            min(tile_column + turn * 32 + static_cast<int>(threadIdx.x) % 32, params.n - 1);
        row_scale[turn] = params.row_scale[column];
        bias[turn] = params.bias[column];
        inverse[turn] = params.inverse_scale[column];
      }
    }
    /// See `bounded`. Not &&, which would wait for one value before it asks for the next.
    CUTLASS_DEVICE bool is_ordinary(float largest_inverse) const {
      bool all = true;
      CUTLASS_PRAGMA_UNROLL
      for (int turn = 0; turn < kTurns; ++turn)
        all &= within<30>(row_scale[turn]) & within<60>(bias[turn]) &
               (fabsf(inverse[turn]) <= largest_inverse);
      return all;
    }
  };
  struct NoSample {
    CUTLASS_DEVICE bool is_ordinary(float) const { return false; }
  };

  /// What one thread has of a tile, but for its accumulators.
  template <int kThreadRows>
  struct Part {
    Element* out;           // first row, column 0
    int rows[kThreadRows];  // relative to the first
    float token_scales[kThreadRows];
    int rows_left;  // of the matrix, from the first
    int tile_column, first_column;
    std::conditional_t<kMayBeBounded, ColumnSample, NoSample> sample;
    Vectors first;  // of its columns (kReadsAhead)
  };

  /// Reads what does not depend on accumulators, so that it can be on its way while they are
  /// summed.
  template <class ProblemShape, class TileShape, class TileCoordinates, class TiledMma>
  CUTLASS_DEVICE auto begin(const ProblemShape& problem, const TileShape& tile,
                            const TileCoordinates& at, const TiledMma& tiled_mma,
                            int thread) const {
    using namespace cute;
    const auto places = tiled_mma.get_thread_slice(thread).partition_C(
        make_identity_tensor(make_shape(get<0>(tile), get<1>(tile))));
    constexpr int kRows = 2 * decltype(size<1>(places))::value;
    const auto row_in_tile = [&](int i) {
      return get<0>(places(make_coord(0, i % 2, 0), i / 2, 0));
    };
    Part<kRows> part;
    part.tile_column = get<1>(at) * get<1>(tile);
    part.first_column = part.tile_column + get<1>(places(make_coord(0, 0, 0), 0, 0)) / 2 * 8;
    const int first_row = get<0>(at) * get<0>(tile) + row_in_tile(0);
    part.rows_left = get<0>(problem) - first_row;
    part.out = static_cast<Element*>(params_.out) + int64_t{first_row} * params_.n;
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i) {
      part.rows[i] = row_in_tile(i) - row_in_tile(0);
      const int row = min(first_row + part.rows[i], get<0>(problem) - 1);
      part.token_scales[i] = params_.token_scale.data[row * params_.token_scale.stride];
    }
    if constexpr (kMayBeBounded) part.sample.read(params_, part.tile_column);
    if constexpr (kReadsAhead)
      part.first = Vectors(params_, part.first_column, /*with_inverse=*/kQuantized);
    return part;
  }

  /// One tile, one thread. Rows and columns outside the matrix have zero accumulators (TMA fills
  /// them) and take the scales of the last ones, so that they raise no flag of their own.
  template <int kRows, class Engine, class Layout>
  CUTLASS_DEVICE void finish(const Part<kRows>& part,
                             const cute::Tensor<Engine, Layout>& accumulators) const {
    using namespace cute;
    // The accumulators of a thread: ((2 columns, 2 rows, n / 8), blocks of 64 rows, 1).
    static_assert(size<0, 0>(Layout{}) == 2 && size<0, 1>(Layout{}) == 2 && size<2>(Layout{}) == 1);
    static_assert(size<0, 2>(Layout{}) * 8 == kTileColumns && 2 * size<1>(Layout{}) == kRows &&
                  kRows <= 4);
    Accumulator sums[kTileColumns / kPackedRowGroup][8 * kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < size(accumulators); ++i) {
      const int octet = i / 4 % (kTileColumns / 8);
      const int row = i / 2 % 2 + i / (kTileColumns / 2) * 2;
      sums[octet / 4][row * 8 + octet % 4 * 2 + i % 2] = accumulators(i);
    }
    FiniteCheck finite;
    // Bodies without branches: latencies are hidden by neighbouring results alone.
    if (kMayBeBounded && bounded(part)) {
      if (params_.activate)
        finish_tile<true, kMayBeBounded>(sums, part, finite);
      else
        finish_tile<false, kMayBeBounded>(sums, part, finite);
    } else if (params_.activate) {
      finish_tile<true, false>(sums, part, finite);
    } else {
      finish_tile<false, false>(sums, part, finite);
    }
    if (params_.nonfinite != nullptr && finite.failed()) *params_.nonfinite = true;
  }

  template <class ProblemShape, class TileShape, class TileCoordinates, class Engine, class Layout,
            class TiledMma, class Residue>
  CUTLASS_DEVICE void operator()(const ProblemShape& problem, const TileShape& tile,
                                 const TileCoordinates& at,
                                 const cute::Tensor<Engine, Layout>& accumulators,
                                 const TiledMma& tiled_mma, const Residue&, int thread, char*) {
    finish(begin(problem, tile, at, tiled_mma, thread), accumulators);
  }

 private:
  /// GELU is never below -0.1701, so that with an ordinary inverse scale its quantized value is
  /// above -128 and the conversion to bytes clamps as the range does.
  template <bool kActivate, bool kBounded>
  static constexpr bool kSaturates = kQuantized&& kActivate&& kBounded;
  /// Without an activation only the inverse scale 1 is ordinary: others are in row_scale and bias,
  /// where they were folded when the weights were loaded.
  template <bool kActivate, bool kBounded>
  static constexpr bool kScales = kQuantized && (kActivate || !kBounded);
  /// Four neighbouring results.
  using Packed = std::conditional_t<kQuantized, uint32_t,
                                    std::conditional_t<sizeof(Element) == 2, uint2, float4>>;

  /// Groups of 32 columns, a chunk of them at a time. `kBounded`: no result can overflow.
  template <bool kActivate, bool kBounded, int kGroups, int kSize, int kRows>
  CUTLASS_DEVICE void finish_tile(Accumulator (&sums)[kGroups][kSize], const Part<kRows>& part,
                                  FiniteCheck& finite) const {
    constexpr int kChunk = groups_of_chunk(kGroups, kRows);
    int column = part.first_column;
    Element* out[kRows];
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      out[i] = part.out + (int64_t{part.rows[i]} * params_.n + column);
    Vectors next{};
    if constexpr (kReadsAhead) next = part.first;
    CUTLASS_PRAGMA_NO_UNROLL
    for (int left = kGroups / kChunk; true; --left) {
      CUTLASS_PRAGMA_UNROLL
      for (int group = 0; group < kChunk; ++group)
        finish_group<kActivate, kBounded>(sums[group], part, column, group * kPackedRowGroup, out,
                                          next, finite);
      if (left == 1) break;
      column += kChunk * kPackedRowGroup;
      CUTLASS_PRAGMA_UNROLL
      for (Element*& row : out) row += kChunk * kPackedRowGroup;
      CUTLASS_PRAGMA_UNROLL
      for (int group = 0; group + kChunk < kGroups; ++group) {
        CUTLASS_PRAGMA_UNROLL
        for (int i = 0; i < kSize; ++i) sums[group][i] = sums[group + kChunk][i];
      }
    }
  }

  /// The eight columns of each row that a thread has of 32, `ahead` behind column `column`, whose
  /// places are `out`. `next`: what the vectors hold for the first four of them, and for the first
  /// four behind them when it returns (kReadsAhead).
  template <bool kActivate, bool kBounded, int kSize, int kRows>
  CUTLASS_DEVICE void finish_group(const Accumulator (&sums)[kSize], const Part<kRows>& part,
                                   int column, int ahead, Element* const (&out)[kRows],
                                   Vectors& next, FiniteCheck& finite) const {
    Packed results[kRows][2];
    CUTLASS_PRAGMA_UNROLL
    for (int half = 0; half < 2; ++half) {
      Vectors columns = next;
      if constexpr (kReadsAhead)
        next = Vectors(params_, column + ahead + (half == 0 ? 4 : kPackedRowGroup),
                       kScales<kActivate, kBounded>);
      else
        columns = Vectors(params_, column + ahead + half * 4, kScales<kActivate, kBounded>);
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kRows; ++i) {
        float values[4];
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 4; ++j)
          values[j] =
              linear<kActivate>(sums[i * 8 + half * 4 + j], part.token_scales[i], columns, j);
        results[i][half] = pack<kActivate, kBounded>(values, columns, finite);
      }
    }
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kRows; ++i)
      store(out[i] + ahead, results[i],
            column + ahead < params_.n && part.rows[i] < part.rows_left);
  }

  template <bool kActivate>
  CUTLASS_DEVICE float linear(Accumulator sum, float token_scale, const Vectors& columns,
                              int j) const {
    const float value =
        fmaf(static_cast<float>(sum) * token_scale, columns.row_scale[j], columns.bias[j]);
    if constexpr (!kActivate)
      return value;
    else if constexpr (kQuantized)
      return gelu(params_.coarse_gelu, value);
    else
      return gelu(params_.gelu, value);
  }

  template <bool kActivate, bool kBounded>
  CUTLASS_DEVICE Packed pack(float (&values)[4], const Vectors& columns,
                             FiniteCheck& finite) const {
    if constexpr (kQuantized) {
      if constexpr (kScales<kActivate, kBounded>) {
        CUTLASS_PRAGMA_UNROLL
        for (int j = 0; j < 4; ++j) values[j] *= columns.inverse_scale[j];
      }
      if constexpr (!kBounded) {
        finite.add(values);
        CUTLASS_PRAGMA_UNROLL
        for (float& value : values) value = fminf(value, params_.high);
      }
      if constexpr (!kSaturates<kActivate, kBounded>) {
        CUTLASS_PRAGMA_UNROLL
        for (float& value : values) value = fmaxf(value, params_.low);
      }
      return signed_bytes(values);
    } else if constexpr (std::is_same_v<Element, float>) {
      return {values[0], values[1], values[2], values[3]};
    } else {
      const __half2 low = __floats2half2_rn(values[0], values[1]);
      const __half2 high = __floats2half2_rn(values[2], values[3]);
      finite.add(low);
      finite.add(high);
      return {reinterpret_cast<const uint32_t&>(low), reinterpret_cast<const uint32_t&>(high)};
    }
  }

  /// Eight neighbouring results, where `inside`.
  CUTLASS_DEVICE void store(Element* to, const Packed (&results)[2], bool inside) const {
    if constexpr (kQuantized) {
      store_if(inside, to, uint2{results[0], results[1]});
    } else if constexpr (std::is_same_v<Element, float>) {
      if (inside) reinterpret_cast<float4*>(to)[0] = results[0];
      if (inside) reinterpret_cast<float4*>(to)[1] = results[1];
    } else {
      store_if(inside, to, uint4{results[0].x, results[0].y, results[1].x, results[1].y});
    }
  }

  /// Whether no result of this warp can overflow: scales within 2^30 and a bias within 2^60 give
  /// |v| <= 2^91 + 2^60, and an ordinary inverse scale is below 2^10.
  template <int kRows>
  CUTLASS_DEVICE bool bounded(const Part<kRows>& part) const {
    bool all = part.sample.is_ordinary(params_.ordinary_inverse);
    CUTLASS_PRAGMA_UNROLL
    for (const float scale : part.token_scales) all &= within<30>(scale);
    return __all_sync(~0u, all);
  }

  Params params_;
};

}  // namespace herosweep::kernels::cuda::sm90
