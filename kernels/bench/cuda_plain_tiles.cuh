// One plain CUTLASS tile as a contender, see cuda_gemm_peers.h.
#pragma once

#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>

#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/epilogue/fusion/sm90_callbacks_tma_warpspecialized.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>
#include <memory>
#include <stdexcept>

#include "kernels/bench/cuda_gemm_peers.h"
#include "kernels/cuda/device.h"

namespace herosweep::kernels::bench {

using WarpSpecialized = cutlass::gemm::KernelTmaWarpSpecialized;
using Pingpong = cutlass::gemm::KernelTmaWarpSpecializedPingpong;
using Cooperative = cutlass::gemm::KernelTmaWarpSpecializedCooperative;

template <int m, int n, int k, int cluster_m, int cluster_n, class Schedule>
struct PlainTile {
  using TileShape = cute::Shape<cute::Int<m>, cute::Int<n>, cute::Int<k>>;
  using ClusterShape = cute::Shape<cute::Int<cluster_m>, cute::Int<cluster_n>, cute::_1>;
  template <template <class> class Operation, class Result, class... Children>
  using Node = cutlass::epilogue::fusion::Sm90EVT<
      cutlass::epilogue::fusion::Sm90Compute<Operation, Result, float,
                                             cutlass::FloatRoundStyle::round_to_nearest>,
      Children...>;
  using Column = cutlass::epilogue::fusion::Sm90ColBroadcast<0, TileShape, float, float>;
  using Row = cutlass::epilogue::fusion::Sm90RowBroadcast<0, TileShape, float, float>;
  using Scaled = Node<cutlass::multiplies, float, Row, cutlass::epilogue::fusion::Sm90AccFetch>;
  using Fusion = Node<cutlass::homogeneous_multiply_add, int8_t, Column, Scaled, Row>;
  using EpilogueSchedule = std::conditional_t<std::is_same_v<Schedule, Cooperative>,
                                              cutlass::epilogue::TmaWarpSpecializedCooperative,
                                              cutlass::epilogue::TmaWarpSpecialized>;
  using RowMajor = cutlass::layout::RowMajor;
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, TileShape, ClusterShape,
      cutlass::epilogue::collective::EpilogueTileAuto, int32_t, float, void, RowMajor, 16, int8_t,
      RowMajor, 16, EpilogueSchedule, Fusion>::CollectiveOp;
  using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, int8_t, RowMajor, 16, int8_t,
      cutlass::layout::ColumnMajor, 16, int32_t, TileShape, ClusterShape,
      cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(
          sizeof(typename Epilogue::SharedStorage))>,
      Schedule>::CollectiveOp;
  using Kernel =
      cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>, Mainloop, Epilogue>;
  using Gemm = cutlass::gemm::device::GemmUniversalAdapter<Kernel>;
};

template <int m, int n, int k, int cluster_m, int cluster_n, class Schedule>
cuda::sm90::Contender plain_tile(const char* name, const GemmArgs& args) {
  using Tile = PlainTile<m, n, k, cluster_m, cluster_n, Schedule>;
  using Gemm = typename Tile::Gemm;
  typename Tile::Kernel::StrideA rows{};
  typename Tile::Kernel::StrideD out_rows{};
  cute::get<0>(rows) = args.w.k;
  cute::get<0>(out_rows) = args.w.n;
  typename Gemm::Arguments arguments{
      cutlass::gemm::GemmUniversalMode::kGemm,
      {args.m, args.w.n, args.w.k, 1},
      {static_cast<const int8_t*>(args.x), rows, static_cast<const int8_t*>(args.w.data), rows},
      {{}, nullptr, {}, args.out.s8, out_rows}};
  arguments.epilogue.thread = {{args.token_scale, 1.0f, {}},
                               {{args.row_scale, 1.0f, {}}, {}, {}},
                               {args.bias, 0.0f, {}},
                               {}};
  arguments.hw_info.sm_count = cuda::device().multiprocessors;
  auto gemm = std::make_shared<Gemm>();
  if (gemm->initialize(arguments) != cutlass::Status::kSuccess)
    throw std::runtime_error(std::string("cannot initialize the plain tile ") + name);
  return {name, [gemm] {
            if (gemm->run(cuda::device().stream) != cutlass::Status::kSuccess)
              throw std::runtime_error("cannot launch a plain tile");
          }};
}

}  // namespace herosweep::kernels::bench
