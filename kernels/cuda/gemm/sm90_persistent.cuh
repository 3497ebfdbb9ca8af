// A persistent GEMM kernel of CUTLASS's collectives for loads and products: one or two warp groups
// multiply and run the epilogue, one more warp loads. What the epilogue reads apart from the
// accumulators is asked for before they are summed; behind them it would wait for the L2 cache
// twice.
//
// Two warp groups share a tile, or are two teams with tiles of their own (pingpong). A team
// multiplies while the other runs its epilogue. Only products take turns: the epilogues of both may
// overlap, as they need no shared memory, and do where they are longer than the products.
//
// kBlocks blocks share a multiprocessor and know nothing of each other: while one runs an epilogue,
// the other multiplies, and where both run epilogues, a scheduler has four warps whose latencies
// hide one another. The warps of two have 96 registers each, for tiles of 128 rows and at most 128
// columns.
#pragma once

#include <cutlass/arch/barrier.h>
#include <cutlass/arch/reg_reconfig.h>
#include <cutlass/cutlass.h>

#include <algorithm>
#include <cute/tensor.hpp>

#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/gemm/sm90_collective.cuh"

namespace herosweep::kernels::cuda::sm90 {

/// What `cutlass::device_kernel` and run_tile need of a kernel, as
/// `cutlass::gemm::kernel::GemmUniversal` has it. `CollectiveMainloop`: of the schedules
/// KernelTmaWarpSpecialized and KernelTmaWarpSpecializedPingpong (one warp group) or
/// KernelTmaWarpSpecializedCooperative (two).
template <class CollectiveMainloop, class Epilogue, int kBlocks, int kTeams>
class PersistentKernel {
 public:
  using Mainloop = CollectiveMainloop;
  using ProblemShape = cute::Shape<int, int, int, int>;  // m, n, k, 1
  using StrideA = typename Mainloop::StrideA;
  using StrideB = typename Mainloop::StrideB;
  using Arguments = KernelArguments<Mainloop, Epilogue>;
  struct Params {
    ProblemShape problem;
    typename Mainloop::Params mainloop;
    typename Epilogue::Params epilogue;
    int clusters;  // of tiles
    bool down;     // neighbouring ones are in a column, else in a row
    int line;      // clusters in a column, or in a row
    int multiprocessors;
  };
  struct SharedStorage {
    alignas(128) typename Mainloop::TensorStorage tensors;
    alignas(16) typename Mainloop::PipelineStorage pipeline;
  };
  static constexpr int kTeamThreads = cute::size(typename Mainloop::TiledMma{});
  static constexpr int kConsumers = kTeams * kTeamThreads;
  /// Two warp groups of one block take registers that a third leaves, of which one warp loads.
  static constexpr bool kMovesRegisters =
      kBlocks == 1 && kConsumers > cutlass::NumThreadsPerWarpGroup;
  static constexpr uint32_t MaxThreadsPerBlock =
      kConsumers + (kMovesRegisters ? cutlass::NumThreadsPerWarpGroup : cutlass::NumThreadsPerWarp);
  static constexpr uint32_t MinBlocksPerMultiprocessor = kBlocks;
  static constexpr int SharedStorageSize = sizeof(SharedStorage);
  static_assert(SharedStorageSize <= shared_bytes_of_block(kBlocks));

  static Params to_underlying_arguments(const Arguments& args, void* workspace) {
    const auto [m, n, k, l] = args.problem;
    const auto divide_up = [](int a, int b) { return (a + b - 1) / b; };
    const int rows = divide_up(m, kTileRows * kClusterRows);
    const int columns = divide_up(n, kTileColumns * kClusterColumns);
    // The shorter side first: what all tiles of a line read of the longer one is read once.
    const bool down = rows * kClusterRows < columns * kClusterColumns;
    return {args.problem,
            Mainloop::to_underlying_arguments(args.problem, args.mainloop, workspace),
            Epilogue::to_underlying_arguments(args.problem, args.epilogue, workspace),
            rows * columns,
            down,
            down ? rows : columns,
            args.hw_info.sm_count};
  }
  static dim3 get_grid_shape(const Params& params) {
    constexpr int kTogether = kClusterRows * kClusterColumns;
    const int resident = params.multiprocessors / kTogether * kBlocks;
    return dim3(static_cast<unsigned>(kClusterRows * std::min(params.clusters, resident)),
                static_cast<unsigned>(kClusterColumns), 1);
  }
  static dim3 get_block_shape() { return dim3(MaxThreadsPerBlock); }

  CUTLASS_DEVICE void operator()(const Params& params, char* shared) {
    auto& storage = *reinterpret_cast<SharedStorage*>(shared);
    const int warp = cutlass::canonical_warp_idx_sync();
    const bool loads = warp == kConsumers / cutlass::NumThreadsPerWarp;
    if (loads && cute::elect_one_sync()) Mainloop::prefetch_tma_descriptors(params.mainloop);
    Pipeline pipeline(
        storage.pipeline,
        pipeline_parameters<Mainloop>(params.mainloop, loads, kConsumers, kTeamThreads),
        ClusterShape{});
    if constexpr (cute::size(ClusterShape{}) > 1) {
      cute::cluster_arrive_relaxed();
      cute::cluster_wait();
    } else {
      __syncthreads();
    }
    if (static_cast<int>(threadIdx.x) < kConsumers) {
      if constexpr (kMovesRegisters) cutlass::arch::warpgroup_reg_alloc<kConsumerRegisters>();
      multiply(params, pipeline, storage.tensors);
    } else {
      if constexpr (kMovesRegisters) cutlass::arch::warpgroup_reg_dealloc<kLoaderRegisters>();
      if (loads) load(params, pipeline, storage.tensors);
    }
  }

 private:
  using Pipeline = typename Mainloop::MainloopPipeline;
  using State = typename Mainloop::PipelineState;
  using TileShape = typename Mainloop::TileShape;
  using ClusterShape = typename Mainloop::DispatchPolicy::ClusterShape;
  using TiledMma = typename Mainloop::TiledMma;
  static constexpr uint32_t kConsumerRegisters = 232, kLoaderRegisters = 40;
  static constexpr int kTileRows = cute::size<0>(TileShape{});
  static constexpr int kTileColumns = cute::size<1>(TileShape{});
  static constexpr int kTileDepth = cute::size<2>(TileShape{});
  static constexpr int kClusterRows = cute::size<0>(ClusterShape{});
  static constexpr int kClusterColumns = cute::size<1>(ClusterShape{});

  /// Whose turn it is to multiply. The first k-tile of a team that came before its turn would look
  /// as if it had arrived already.
  struct Turn {
    CUTLASS_DEVICE static void wait(int team) {
      if constexpr (kTeams > 1) cutlass::arch::NamedBarrier::sync(kConsumers, team);
    }
    CUTLASS_DEVICE static void pass(int team) {
      if constexpr (kTeams > 1) cutlass::arch::NamedBarrier::arrive(kConsumers, team);
    }
  };

  CUTLASS_DEVICE static int depth_in_tiles(const Params& params) {
    return (cute::get<2>(params.problem) + kTileDepth - 1) / kTileDepth;
  }

  /// Calls visit(row, column, last) for every tile of this block, in units of tiles, or for every
  /// `teams`th one from `team` on.
  template <class Visit>
  CUTLASS_DEVICE static void for_each_tile(const Params& params, int team, int teams,
                                           const Visit& visit) {
    const int row = static_cast<int>(blockIdx.x) % kClusterRows;
    const int column = static_cast<int>(blockIdx.y);
    const int step = static_cast<int>(gridDim.x) / kClusterRows;
    const int first = static_cast<int>(blockIdx.x) / kClusterRows + team * step;
    for (int i = first; i < params.clusters; i += teams * step) {
      const int line = i / params.line;
      const int place = i % params.line;
      visit((params.down ? place : line) * kClusterRows + row,
            (params.down ? line : place) * kClusterColumns + column, i + step >= params.clusters);
    }
  }

  CUTLASS_DEVICE static void load(const Params& params, Pipeline& pipeline,
                                  typename Mainloop::TensorStorage& tensors) {
    wait_for_predecessors();
    Mainloop mainloop;
    const auto inputs = mainloop.load_init(params.problem, params.mainloop);
    const int depth = depth_in_tiles(params);
    State state = cutlass::make_producer_start_state<Pipeline>();
    for_each_tile(params, 0, 1, [&](int row, int column, bool) {
      mainloop.load(params.mainloop, pipeline, state, inputs,
                    cute::make_coord(row, column, cute::_, 0),
                    cute::make_coord_iterator(cute::shape<3>(cute::get<0>(inputs))), depth,
                    cutlass::canonical_lane_idx(), cute::block_rank_in_cluster(), tensors);
      state.advance(depth);
    });
    mainloop.load_tail(pipeline, state);
  }

  CUTLASS_DEVICE static void multiply(const Params& params, Pipeline& pipeline,
                                      typename Mainloop::TensorStorage& tensors) {
    const int team = kTeams == 1 ? 0 : cutlass::canonical_warp_group_idx();
    const int thread = static_cast<int>(threadIdx.x) % kTeamThreads;
    const int depth = depth_in_tiles(params);
    Mainloop mainloop;
    const Epilogue epilogue(params.epilogue);
    TiledMma tiled_mma;
    State state;
    state.advance(team * depth);
    if (team == 1) Turn::pass(0);
    wait_for_predecessors();
    for_each_tile(params, team, kTeams, [&](int row, int column, bool last) {
      const auto part =
          epilogue.begin(params.problem, TileShape{}, cute::make_coord(row, column, cute::_, 0),
                         tiled_mma, thread);
      auto sums = cute::partition_fragment_C(tiled_mma, cute::take<0, 2>(TileShape{}));
      Turn::wait(team);
      mainloop.mma(pipeline, state, sums, depth, thread, tensors, params.mainloop);
      Turn::pass(1 - team);
      mainloop.mma_tail(pipeline, state, depth);
      state.advance(kTeams * depth);
      if (last) release_successors();
      epilogue.finish(part, sums);
    });
  }
};

}  // namespace herosweep::kernels::cuda::sm90
