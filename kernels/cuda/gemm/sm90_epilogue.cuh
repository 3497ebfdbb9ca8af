// The one epilogue of the SM90 GEMMs, a node of CUTLASS's epilogue visitor tree. Everything is
// chosen at run time, so that a tile is one instantiation for every use:
//
//   v = (acc * token_scale[m]) * row_scale[n] + bias[n]       a null vector is 1, 1, 0
//   y = activation(v)
//   D = y as FP32 or FP16, or clamp(rint(y * inverse_scale[n]), low, high) as INT8
//
// FP32 throughout; multiply and add round once (FMA). Raises `nonfinite` for a value that is NaN or
// infinite when it is quantized, or after rounding to FP16. Twin: kernels/reference/gemm.cpp.
//
// One warp a scheduler runs an epilogue while another multiplies, so that each instruction counts.
// INT8 outputs of INT32 accumulators take a short way where a whole tile is ordinary: no value can
// overflow (`within`), so none is tested; the inverse scale is multiplied into row_scale and bias
// where no activation stands between; the upper limit is the conversion's own saturation.
#pragma once

#include <cute/tensor.hpp>
#include <cutlass/epilogue/fusion/sm90_callbacks_tma_warpspecialized.hpp>
#include <type_traits>

#include "kernels/cuda/numeric.cuh"

namespace herosweep::kernels::cuda::sm90 {

/// Host arguments and kernel parameters at once. All pointers are device pointers.
struct EpilogueParameters {
  const float* token_scale = nullptr;    // [m]
  const float* row_scale = nullptr;      // [n]
  const float* bias = nullptr;           // [n]
  const float* inverse_scale = nullptr;  // [n], read for INT8 output
  float low = -127.0f;
  float high = 127.0f;
  bool* nonfinite = nullptr;
  bool activate = false;
  bool short_way = false;  // INT8 output: high is 127, and the activation is none or gelu_erf
  GeluPolynomial gelu{};   // of the activation
};

/// NaN as soon as one value was NaN or infinite, else 0: one multiply-add a value, no comparison.
class FiniteCheck {
 public:
  __device__ __forceinline__ void add(float value) { poison_ = fmaf(value, 0.0f, poison_); }
  __device__ __forceinline__ void add(__half2 values) {
    half_poison_ = __hfma2(values, __float2half2_rn(0.0f), half_poison_);
  }
  __device__ __forceinline__ bool failed() const {
    return isnan(poison_) || __hisnan(__low2half(half_poison_)) ||
           __hisnan(__high2half(half_poison_));
  }

 private:
  float poison_ = 0.0f;
  __half2 half_poison_ = __float2half2_rn(0.0f);
};

/// rint of four values, saturated to [-128, 127], the first in the lowest byte. Conversion and pack
/// are two instructions together.
__device__ __forceinline__ uint32_t saturated_bytes(const float* values) {
  uint32_t high, all;
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, 0;"
      : "=r"(high)
      : "r"(__float2int_rn(values[3])), "r"(__float2int_rn(values[2])));
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, %3;"
      : "=r"(all)
      : "r"(__float2int_rn(values[1])), "r"(__float2int_rn(values[0])), "r"(high));
  return all;
}

/// |value| <= 2^exponent; false for a NaN. With scales within 2^30 and a bias within 2^60, an INT32
/// accumulator gives |v| <= 2^91 + 2^60, and times the inverse scale at most 2^122: finite.
template <int kExponent>
__device__ __forceinline__ bool within(float value) {
  static_assert(kExponent < 64, "a shift");
  return fabsf(value) <= static_cast<float>(uint64_t{1} << kExponent);
}

template <class TileShape, class Element>
struct LinearEpilogue {
  static constexpr int kColumns = cute::size<1>(TileShape{});
  static constexpr bool kQuantized = std::is_same_v<Element, int8_t>;
  static constexpr uint8_t kOrdinary = 1;
  /// GELU is above -0.17: with inverse scales of at most this no result rounds to less than -127.
  static constexpr uint8_t kAboveLow = 2;
  static constexpr float kLargestInverseAboveLow = 740.0f;

  /// The column vectors of this tile, two neighbouring columns together as threads need them.
  struct SharedStorage {
    alignas(16) float4 scale_bias[kColumns / 2];  // row_scale, row_scale, bias, bias
    alignas(8) float2 inverse_scale[kQuantized ? kColumns / 2 : 1];
    alignas(8) uint8_t traits[8];  // kOrdinary, kAboveLow: of each warp's part of the vectors
  };
  using Arguments = EpilogueParameters;
  using Params = EpilogueParameters;

  template <class ProblemShape>
  static constexpr Params to_underlying_arguments(const ProblemShape&, const Arguments& args,
                                                  void*) {
    return args;
  }
  template <class ProblemShape>
  static bool can_implement(const ProblemShape&, const Arguments&) {
    return true;
  }
  template <class ProblemShape>
  static size_t get_workspace_size(const ProblemShape&, const Arguments&) {
    return 0;
  }
  template <class ProblemShape>
  static cutlass::Status initialize_workspace(const ProblemShape&, const Arguments&, void*,
                                              cudaStream_t, cutlass::CudaHostAdapter* = nullptr) {
    return cutlass::Status::kSuccess;
  }

  CUTLASS_HOST_DEVICE LinearEpilogue() {}
  CUTLASS_HOST_DEVICE LinearEpilogue(const Params& parameters, const SharedStorage& storage)
      : params(&parameters), shared(const_cast<SharedStorage*>(&storage)) {}

  const Params* params = nullptr;
  SharedStorage* shared = nullptr;

  CUTLASS_DEVICE bool is_producer_load_needed() const { return false; }
  CUTLASS_DEVICE bool is_C_load_needed() const { return false; }

  template <class... Args>
  CUTLASS_DEVICE auto get_producer_load_callbacks(
      const cutlass::epilogue::fusion::ProducerLoadArgs<Args...>&) {
    return cutlass::epilogue::fusion::EmptyProducerLoadCallbacks{};
  }

  /// One tile, one thread. Rows and columns outside the matrix have zero accumulators (TMA fills
  /// them); their scales and biases are 1 and 0, so that they raise no flag.
  template <int kThreads, class GlobalRows, class Rows, class Coordinates>
  struct ConsumerStoreCallbacks : cutlass::epilogue::fusion::EmptyConsumerStoreCallbacks {
    GlobalRows global_token_scale;  // (CPY, CPY_M, CPY_N, EPI_M, EPI_N), stride 0 along columns
    Rows token_scale;               // the same in registers
    Coordinates coordinates;        // relative to this thread's first element
    int rows_left;                  // of the matrix, from this thread's first row
    int columns_left;               // of the matrix, from the tile's first column
    int first_column;               // of the matrix, where the tile begins
    int thread_pair;                // of the tile's columns, where this thread's first element is
    int thread;                     // 0 to kThreads - 1
    const Params* params;
    SharedStorage* shared;
    FiniteCheck finite;
    bool ordinary = false;   // the whole tile, from begin_loop on
    bool above_low = false;  // the same, of an activation's results

    CUTLASS_DEVICE ConsumerStoreCallbacks(GlobalRows global, Rows rows, Coordinates relative)
        : global_token_scale(global), token_scale(rows), coordinates(relative) {}

    /// After the main loop, which waited for the kernels before this one. Every load is issued
    /// before the first value is needed.
    CUTLASS_DEVICE void begin() {
      [[maybe_unused]] bool part_ordinary = load_token_scales();
      [[maybe_unused]] bool part_above_low = params->activate && params->low <= -127.0f;
      constexpr int kTurns = (kColumns + kThreads - 1) / kThreads;
      float row_scale[kTurns], bias[kTurns], inverse[kTurns];
      CUTLASS_PRAGMA_UNROLL
      for (int turn = 0; turn < kTurns; ++turn) {
        const int column = thread + turn * kThreads;
        const bool inside = column < columns_left && column < kColumns;
        const int from = first_column + column;
        row_scale[turn] = inside && params->row_scale ? params->row_scale[from] : 1.0f;
        bias[turn] = inside && params->bias ? params->bias[from] : 0.0f;
        if constexpr (kQuantized)
          inverse[turn] = inside && params->inverse_scale ? params->inverse_scale[from] : 1.0f;
      }
      auto* shared_linear = reinterpret_cast<float*>(shared->scale_bias);
      auto* shared_inverse = reinterpret_cast<float*>(shared->inverse_scale);
      CUTLASS_PRAGMA_UNROLL
      for (int turn = 0; turn < kTurns; ++turn) {
        const int column = thread + turn * kThreads;
        if (column >= kColumns) break;
        if constexpr (kQuantized) {
          const bool column_ordinary =
              within<30>(row_scale[turn]) && within<60>(bias[turn]) && within<30>(inverse[turn]);
          part_ordinary = part_ordinary && column_ordinary;
          part_above_low =
              part_above_low && inverse[turn] >= 0.0f && inverse[turn] <= kLargestInverseAboveLow;
          if (column_ordinary && !params->activate) {
            row_scale[turn] *= inverse[turn];
            bias[turn] *= inverse[turn];
            inverse[turn] = 1.0f;
          }
        }
        const int to = column / 2 * 4 + column % 2;
        shared_linear[to] = row_scale[turn];
        shared_linear[to + 2] = bias[turn];
        if constexpr (kQuantized) shared_inverse[column] = inverse[turn];
      }
      if constexpr (kQuantized) {
        const int traits = (__all_sync(~0u, part_ordinary) ? kOrdinary : 0) |
                           (__all_sync(~0u, part_above_low) ? kAboveLow : 0);
        if (thread % 32 == 0) shared->traits[thread / 32] = static_cast<uint8_t>(traits);
      }
    }

    CUTLASS_DEVICE bool begin_sync_needed() const { return true; }

    /// After the barrier that follows begin().
    CUTLASS_DEVICE void begin_loop(int, int) {
      if constexpr (kQuantized) {
        using Flags = std::conditional_t<kThreads / 32 == 4, uint32_t, uint64_t>;
        static_assert(sizeof(Flags) == kThreads / 32, "a byte a warp");
        constexpr auto kBytes = static_cast<Flags>(0x0101010101010101);
        const Flags traits = *reinterpret_cast<const Flags*>(shared->traits);
        const auto all = [traits](Flags trait) {
          return (traits & (trait * kBytes)) == trait * kBytes;
        };
        ordinary = params->short_way && all(kOrdinary);
        above_low = all(kAboveLow);
      }
    }

    template <class Accumulator, int kSize>
    CUTLASS_DEVICE cutlass::Array<Element, kSize> visit(
        const cutlass::Array<Accumulator, kSize>&, int fragment, int epi_m, int epi_n,
        const cutlass::Array<Accumulator, kSize>& accumulators) {
      static_assert(kSize % 4 == 0, "two rows of two neighbouring columns");
      auto at = coordinates(cute::_, cute::_, cute::_, epi_m, epi_n);
      auto scales = token_scale(cute::_, cute::_, cute::_, epi_m, epi_n);
      const auto pair_of = [&](int i) {
        return thread_pair + cute::get<1>(at(fragment * kSize + i)) / 2;
      };
      float values[kSize];
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kSize; i += 2) {
        const float4 linear = shared->scale_bias[pair_of(i)];
        const float token = scales(fragment * kSize + i);
        values[i] = fmaf(static_cast<float>(accumulators[i]) * token, linear.x, linear.z);
        values[i + 1] = fmaf(static_cast<float>(accumulators[i + 1]) * token, linear.y, linear.w);
      }
      cutlass::Array<Element, kSize> out;
      if constexpr (kQuantized && std::is_same_v<Accumulator, int32_t>) {
        if (ordinary) {
          quantize_ordinary(values, pair_of, out);
          return out;
        }
      }
      if (params->activate) {
        CUTLASS_PRAGMA_UNROLL
        for (int i = 0; i < kSize; ++i) values[i] = gelu(params->gelu, values[i]);
      }
      if constexpr (kQuantized)
        quantize(values, pair_of, out);
      else
        round(values, out);
      return out;
    }

    CUTLASS_DEVICE void end() {
      if (params->nonfinite != nullptr && finite.failed()) *params->nonfinite = true;
    }

   private:
    /// Whether all are ordinary.
    CUTLASS_DEVICE bool load_token_scales() {
      bool all_ordinary = true;
      auto to = cute::filter_zeros(token_scale);
      auto from = cute::filter_zeros(global_token_scale);
      auto at = cute::filter_zeros(coordinates, global_token_scale.stride());
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < cute::size(to); ++i) {
        const bool inside = params->token_scale != nullptr && cute::get<0>(at(i)) < rows_left;
        to(i) = inside ? from(i) : 1.0f;
      }
      if constexpr (kQuantized) {
        CUTLASS_PRAGMA_UNROLL
        for (int i = 0; i < cute::size(to); ++i) all_ordinary = all_ordinary && within<30>(to(i));
      }
      return all_ordinary;
    }

    /// Of values that cannot overflow and whose upper limit is 127. Without an activation they are
    /// scaled already.
    template <int kSize, class PairOf>
    CUTLASS_DEVICE void quantize_ordinary(float (&values)[kSize], const PairOf& pair_of,
                                          cutlass::Array<Element, kSize>& out) {
      if (params->activate) {
        CUTLASS_PRAGMA_UNROLL
        for (int i = 0; i < kSize; i += 2) {
          const float2 inverse = shared->inverse_scale[pair_of(i)];
          values[i] = gelu_erf_coarse(values[i]) * inverse.x;
          values[i + 1] = gelu_erf_coarse(values[i + 1]) * inverse.y;
        }
      }
      if (!above_low) {
        CUTLASS_PRAGMA_UNROLL
        for (int i = 0; i < kSize; ++i) values[i] = fmaxf(values[i], params->low);
      }
      store_bytes(values, out);
    }

    template <int kSize, class PairOf>
    CUTLASS_DEVICE void quantize(float (&values)[kSize], const PairOf& pair_of,
                                 cutlass::Array<Element, kSize>& out) {
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kSize; i += 2) {
        const float2 inverse = shared->inverse_scale[pair_of(i)];
        values[i] *= inverse.x;
        values[i + 1] *= inverse.y;
      }
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kSize; ++i) {
        finite.add(values[i]);
        values[i] = fminf(fmaxf(values[i], params->low), params->high);
      }
      store_bytes(values, out);
    }

    template <int kSize>
    CUTLASS_DEVICE void store_bytes(const float (&values)[kSize],
                                    cutlass::Array<Element, kSize>& out) {
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kSize; i += 4)
        *reinterpret_cast<uint32_t*>(out.data() + i) = saturated_bytes(values + i);
    }

    template <int kSize>
    CUTLASS_DEVICE void round(const float (&values)[kSize], cutlass::Array<Element, kSize>& out) {
      CUTLASS_PRAGMA_UNROLL
      for (int i = 0; i < kSize; i += 2) {
        if constexpr (std::is_same_v<Element, float>) {
          out[i] = values[i];
          out[i + 1] = values[i + 1];
        } else {
          const __half2 rounded = __floats2half2_rn(values[i], values[i + 1]);
          finite.add(rounded);
          *reinterpret_cast<__half2*>(out.data() + i) = rounded;
        }
      }
    }
  };

  template <bool kReferenceSource, class... Args>
  CUTLASS_DEVICE auto get_consumer_store_callbacks(
      const cutlass::epilogue::fusion::ConsumerStoreArgs<Args...>& args) {
    using namespace cute;
    using cutlass::epilogue::fusion::detail::sm90_partition_for_epilogue;
    auto [m, n, k, l] = args.problem_shape_mnkl;
    Tensor all_rows = make_tensor(make_gmem_ptr(params->token_scale), make_shape(m, n, l),
                                  make_stride(_1{}, _0{}, _0{}));
    Tensor global = sm90_partition_for_epilogue<kReferenceSource>(
        all_rows, args.tile_shape_mnk, args.tile_coord_mnkl, args.epi_tile, args.tiled_copy,
        args.thread_idx);
    Tensor rows = make_tensor_like<float>(global);
    constexpr int kThreads = decltype(size(args.tiled_copy))::value;
    ConsumerStoreCallbacks<kThreads, decltype(global), decltype(rows), decltype(args.tCcD)>
        callbacks(global, rows, args.tCcD);
    callbacks.rows_left = get<0>(args.residue_tCcD);
    callbacks.columns_left = get<1>(args.residue_cD);
    callbacks.first_column = n - callbacks.columns_left;
    callbacks.thread_pair = (callbacks.columns_left - get<1>(args.residue_tCcD)) / 2;
    callbacks.thread = args.thread_idx;
    callbacks.params = params;
    callbacks.shared = shared;
    return callbacks;
  }
};

}  // namespace herosweep::kernels::cuda::sm90
