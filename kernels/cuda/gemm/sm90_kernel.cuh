// Builds the GEMM of one tile from CUTLASS's collectives and launches it.
//
// x [m, k] row-major times w [n, k] row-major, both through TMA (out of bounds reads as zero),
// WGMMA s8 -> s32 (exact) or f16 -> f32, LinearEpilogue. Requires rows of 16 bytes multiples
// (`supports`).
//
// Programmatic dependent launch: in all schedules the warp that loads x and w runs
// griddepcontrol.wait in every block before its first load. CUTLASS's kernel reads the epilogue's
// vectors only after the first k-tile has arrived, ours after a wait of their own, so
// nothing that an earlier kernel wrote is read before that kernel has finished. Dependents are
// released after the last main loop of a block.
#pragma once

#ifndef CUTLASS_ENABLE_GDC_FOR_SM90
#define CUTLASS_ENABLE_GDC_FOR_SM90 1
#endif
#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>

#include <array>
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>

#include "kernels/cuda/device.h"
#include "kernels/cuda/gemm/sm90_epilogue.cuh"
#include "kernels/cuda/gemm/sm90_launch.h"
#include "kernels/cuda/gemm/sm90_persistent.cuh"
#include "kernels/cuda/gemm/sm90_split.cuh"
#include "kernels/cuda/gemm/sm90_tiles.h"
#include "kernels/cuda/prefetch.cuh"

namespace herosweep::kernels::cuda::sm90 {

template <ElementType type>
struct Storage;
template <>
struct Storage<ElementType::f32> {
  using type = float;
};
template <>
struct Storage<ElementType::f16> {
  using type = cutlass::half_t;
};
template <>
struct Storage<ElementType::s8> {
  using type = int8_t;
};

template <Schedule schedule>
struct KernelSchedule;
template <>
struct KernelSchedule<Schedule::warp_specialized> {
  using type = cutlass::gemm::KernelTmaWarpSpecialized;
};
template <>
struct KernelSchedule<Schedule::pingpong> {
  using type = cutlass::gemm::KernelTmaWarpSpecializedPingpong;
};
template <>
struct KernelSchedule<Schedule::cooperative> {
  using type = cutlass::gemm::KernelTmaWarpSpecializedCooperative;
};

template <>
struct KernelSchedule<Schedule::persistent> {
  using type = cutlass::gemm::KernelTmaWarpSpecialized;
};
template <>
struct KernelSchedule<Schedule::co_resident> {
  using type = cutlass::gemm::KernelTmaWarpSpecializedCooperative;
};
template <>
struct KernelSchedule<Schedule::split> {
  using type = cutlass::gemm::KernelTmaWarpSpecialized;
};

/// Blocks on a multiprocessor.
constexpr int resident_blocks(Schedule schedule) {
  return schedule == Schedule::co_resident ? 2 : 1;
}

/// Stages of the pipeline that fit into a block's shared memory beside barriers and `other` bytes.
constexpr int pipeline_stages(Schedule schedule, int stage_bytes, int other = 0) {
  constexpr int kBarrierBytes = 1024;
  return (shared_bytes_of_block(resident_blocks(schedule)) - kBarrierBytes - other) / stage_bytes;
}

/// Two blocks of the co_resident schedule leave few registers, but four warps a scheduler, whose
/// latencies hide one another.
template <int n, class Mainloop, ElementType output, Schedule schedule>
using TileEpilogue =
    LinearEpilogue<n, typename Mainloop::Accumulator, typename Storage<output>::type,
                   schedule != Schedule::co_resident>;

template <ElementType operand, int m, int n, int k, int cluster_m, int cluster_n, Schedule schedule,
          class Stages>
struct TileMainloop {
  using Input = typename Storage<operand>::type;
  using Accumulator = std::conditional_t<operand == ElementType::s8, int32_t, float>;
  using RowMajor = cutlass::layout::RowMajor;
  static constexpr int kInputAlignment = 16 / sizeof(Input);
  using type = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Input, RowMajor, kInputAlignment, Input,
      cutlass::layout::ColumnMajor, kInputAlignment, Accumulator,
      cute::Shape<cute::Int<m>, cute::Int<n>, cute::Int<k>>,
      cute::Shape<cute::Int<cluster_m>, cute::Int<cluster_n>, cute::_1>, Stages,
      typename KernelSchedule<schedule>::type>::CollectiveOp;
};

template <ElementType operand, int m, int n, int k>
inline constexpr int kStageBytes =
    (m + n) * k* static_cast<int>(sizeof(typename Storage<operand>::type));

/// The kernel of one tile, see run_tile.
template <ElementType operand, ElementType output, int m, int n, int k, int cluster_m,
          int cluster_n, Schedule schedule>
struct TileKernel {
  using Stages = cutlass::gemm::collective::StageCount<pipeline_stages(
      schedule, kStageBytes<operand, m, n, k>)>;
  using Mainloop = TileMainloop<operand, m, n, k, cluster_m, cluster_n, schedule, Stages>;
  using Kernel =
      PersistentKernel<typename Mainloop::type, TileEpilogue<n, Mainloop, output, schedule>,
                       resident_blocks(schedule), schedule == Schedule::pingpong ? 2 : 1>;
};

template <ElementType operand, ElementType output, int m, int n, int k, int cluster_m,
          int cluster_n>
struct TileKernel<operand, output, m, n, k, cluster_m, cluster_n, Schedule::warp_specialized> {
  using Mainloop = TileMainloop<operand, m, n, k, cluster_m, cluster_n, Schedule::warp_specialized,
                                cutlass::gemm::collective::StageCountAuto>;
  using Epilogue = cutlass::epilogue::collective::detail::Sm90TmaWarpSpecializedAdapter<
      TileEpilogue<n, Mainloop, output, Schedule::warp_specialized>>;
  using Kernel = cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>,
                                                      typename Mainloop::type, Epilogue>;
};

template <ElementType operand, ElementType output, int m, int n, int k, int parts>
struct TileKernel<operand, output, m, n, k, parts, 1, Schedule::split> {
  static constexpr int kSumBytes = (parts - 1) * m * n * 4;  // of the other parts
  using Stages = cutlass::gemm::collective::StageCount<pipeline_stages(
      Schedule::split, kStageBytes<operand, m, n, k>, kSumBytes)>;
  using Mainloop = TileMainloop<operand, m, n, k, 1, 1, Schedule::split, Stages>;
  using Kernel = SplitKernel<typename Mainloop::type,
                             TileEpilogue<n, Mainloop, output, Schedule::split>, parts>;
};

/// `Kernel` behind asking for what later kernels read.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::MaxThreadsPerBlock, Kernel::MinBlocksPerMultiprocessor)
    run_kernel(const __grid_constant__ typename Kernel::Params params,
               const __grid_constant__ Upcoming upcoming) {
  extern __shared__ __align__(1024) char shared[];
  prefetch_share(upcoming);
  Kernel kernel;
  kernel(params, shared);
}

template <class Result>
Result* output_pointer(const Output& out) {
  if constexpr (std::is_same_v<Result, int8_t>) return out.s8;
  if constexpr (std::is_same_v<Result, float>) return out.f32;
  return static_cast<Result*>(out.f16);
}

inline const float* vector_or(const float* vector, const float* absent) {
  return vector != nullptr ? vector : absent;
}

/// See EpilogueParameters::ordinary_inverse. The conversion to bytes clamps at 127 and, behind an
/// activation, must not reach -128: 0.1701 times the limit is below 127.5.
inline float ordinary_inverse(const GemmArgs& args) {
  constexpr float kNone = -1.0f;
  if (args.out.range.high != 127) return kNone;
  if (args.activation == Activation::none) return args.out.inverse_scale == nullptr ? 1.0f : kNone;
  return args.out.range.low <= -127 ? 749.0f : kNone;
}

template <class Result>
EpilogueParameters epilogue_parameters(const GemmArgs& args) {
  EpilogueParameters parameters;
  parameters.token_scale =
      args.token_scale != nullptr ? Scales{args.token_scale, 1} : Scales{device().ones, 0};
  parameters.row_scale = vector_or(args.row_scale, device().ones);
  parameters.bias = vector_or(args.bias, device().zeros);
  parameters.inverse_scale = vector_or(args.out.inverse_scale, device().ones);
  parameters.out = output_pointer<Result>(args.out);
  parameters.n = args.w.n;
  parameters.low = static_cast<float>(args.out.range.low);
  parameters.high = static_cast<float>(args.out.range.high);
  parameters.ordinary_inverse = ordinary_inverse(args);
  parameters.nonfinite = args.nonfinite;
  parameters.activate = args.activation != Activation::none;
  const bool tanh = args.activation == Activation::gelu_tanh;
  parameters.gelu = tanh ? gelu_tanh_polynomial() : gelu_erf_polynomial();
  parameters.coarse_gelu = tanh ? coarse_gelu_tanh_polynomial() : coarse_gelu_erf_polynomial();
  return parameters;
}

/// Of a matrix whose rows follow one another, `columns` elements each.
template <class Stride>
Stride row_stride(int columns) {
  Stride stride{};
  cute::get<0>(stride) = columns;
  return stride;
}

template <ElementType operand, ElementType output, int m, int n, int k, int cluster_m,
          int cluster_n, Schedule schedule>
void run_tile(const GemmArgs& args) {
  using Kernel =
      typename TileKernel<operand, output, m, n, k, cluster_m, cluster_n, schedule>::Kernel;
  using Input = typename Storage<operand>::type;
  using Result = typename Storage<output>::type;
  const auto* x = static_cast<const Input*>(args.x);
  const auto* w = static_cast<const Input*>(args.w.data);
  typename Kernel::Arguments arguments{cutlass::gemm::GemmUniversalMode::kGemm,
                                       {args.m, packed_rows(args.w.n), args.w.k, 1},
                                       {x, row_stride<typename Kernel::StrideA>(args.w.k), w,
                                        row_stride<typename Kernel::StrideB>(args.w.k)},
                                       epilogue_parameters<Result>(args)};
  arguments.hw_info.sm_count = device().multiprocessors;
  typename Kernel::Params parameters = Kernel::to_underlying_arguments(arguments, nullptr);
  constexpr auto kKernel = run_kernel<Kernel>;
  allow_shared_memory<kKernel, Kernel::SharedStorageSize>();
  Upcoming upcoming = args.upcoming;
  std::array<void*, 2> launched{&parameters, &upcoming};
  launch_clusters(reinterpret_cast<const void*>(kKernel), Kernel::get_grid_shape(parameters),
                  dim3(cluster_m, cluster_n, 1), Kernel::get_block_shape(),
                  Kernel::SharedStorageSize, launched.data());
}

}  // namespace herosweep::kernels::cuda::sm90
