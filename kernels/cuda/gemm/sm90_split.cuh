// A GEMM kernel for few rows of x and long ones: the blocks of a cluster share a tile, each sums
// over its part of k, and the first adds their sums up and runs the epilogue. A block for each tile
// would leave most multiprocessors idle, and those that work wait for their own share of the L2
// cache's bandwidth.
//
// A part of k is a batch of one matrix: TMA addresses [m, k / parts, parts], and reads zeros behind
// a part's end. INT32 sums are exact in any order; FP32 ones are added in the order of the parts.
#pragma once

#include <cutlass/cutlass.h>

#include <cute/arch/cluster_sm90.hpp>
#include <cute/tensor.hpp>

#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/gemm/sm90_collective.cuh"

namespace herosweep::kernels::cuda::sm90 {

/// What run_tile needs of a kernel. `CollectiveMainloop`: of the schedule KernelTmaWarpSpecialized,
/// for clusters of one block. kParts: of k, blocks of a cluster.
template <class CollectiveMainloop, class Epilogue, int kParts>
class SplitKernel {
 public:
  using Mainloop = CollectiveMainloop;
  using ProblemShape = cute::Shape<int, int, int, int>;  // m, n, k of a part, parts
  using StrideA = typename Mainloop::StrideA;
  using StrideB = typename Mainloop::StrideB;
  using Arguments = KernelArguments<Mainloop, Epilogue>;
  struct Params {
    ProblemShape problem;
    typename Mainloop::Params mainloop;
    typename Epilogue::Params epilogue;
    int columns;  // of tiles
    int tiles;
  };
  static constexpr int kConsumers = cute::size(typename Mainloop::TiledMma{});
  static constexpr uint32_t MaxThreadsPerBlock = kConsumers + cutlass::NumThreadsPerWarp;
  static constexpr uint32_t MinBlocksPerMultiprocessor = 1;

 private:
  using Pipeline = typename Mainloop::MainloopPipeline;
  using State = typename Mainloop::PipelineState;
  using TileShape = typename Mainloop::TileShape;
  using TiledMma = typename Mainloop::TiledMma;
  using Accumulator = typename Mainloop::ElementAccumulator;
  static constexpr int kTileRows = cute::size<0>(TileShape{});
  static constexpr int kTileColumns = cute::size<1>(TileShape{});
  static constexpr int kTileDepth = cute::size<2>(TileShape{});
  static constexpr int kSums = kTileRows * kTileColumns / kConsumers;  // of a thread
  static constexpr int kVector = 16 / sizeof(Accumulator);
  /// The sums of one part, in the order that stores without bank conflicts.
  using PartSums = cute::array<cute::array<uint4, kConsumers>, kSums / kVector>;

 public:
  struct SharedStorage {
    alignas(128) typename Mainloop::TensorStorage tensors;
    alignas(16) typename Mainloop::PipelineStorage pipeline;
    alignas(16) PartSums others[kParts - 1];  // the first block's, written by the others
  };
  static constexpr int SharedStorageSize = sizeof(SharedStorage);
  static_assert(SharedStorageSize <= shared_bytes_of_block(1));

  /// Arguments for the whole k are cut into parts. Where they do not divide it into multiples of 16
  /// bytes, the first part is all of k.
  static Params to_underlying_arguments(Arguments args, void* workspace) {
    auto& [m, n, k, parts] = args.problem;
    constexpr int kStep = 16 / sizeof(typename Mainloop::ElementA);
    parts = k % (kParts * kStep) == 0 ? kParts : 1;
    k /= parts;
    cute::get<2>(args.mainloop.dA) = k;
    cute::get<2>(args.mainloop.dB) = k;
    const int rows = (m + kTileRows - 1) / kTileRows;
    const int columns = (n + kTileColumns - 1) / kTileColumns;
    return {args.problem, Mainloop::to_underlying_arguments(args.problem, args.mainloop, workspace),
            Epilogue::to_underlying_arguments(args.problem, args.epilogue, workspace), columns,
            rows * columns};
  }
  static dim3 get_grid_shape(const Params& params) {
    return dim3(static_cast<unsigned>(params.tiles * kParts), 1, 1);
  }
  static dim3 get_block_shape() { return dim3(MaxThreadsPerBlock); }

  CUTLASS_DEVICE void operator()(const Params& params, char* shared) {
    auto& storage = *reinterpret_cast<SharedStorage*>(shared);
    const bool loads =
        cutlass::canonical_warp_idx_sync() == kConsumers / cutlass::NumThreadsPerWarp;
    if (loads && cute::elect_one_sync()) Mainloop::prefetch_tma_descriptors(params.mainloop);
    Pipeline pipeline(storage.pipeline,
                      pipeline_parameters<Mainloop>(params.mainloop, loads, kConsumers,
                                                    kConsumers / cutlass::NumThreadsPerWarp),
                      cute::Shape<cute::_1, cute::_1, cute::_1>{});
    // Barriers are set up, and the first block's memory is there to be written.
    cute::cluster_arrive_relaxed();
    cute::cluster_wait();
    const int tile = static_cast<int>(blockIdx.x) / kParts;
    const int row = tile / params.columns;
    const int column = tile % params.columns;
    const int part = static_cast<int>(blockIdx.x) % kParts;
    const int depth = part < cute::get<3>(params.problem)
                          ? (cute::get<2>(params.problem) + kTileDepth - 1) / kTileDepth
                          : 0;
    if (loads)
      load(params, pipeline, storage.tensors, cute::make_coord(row, column, cute::_, part), depth);
    else
      multiply(params, pipeline, storage, cute::make_coord(row, column, cute::_, 0), part, depth);
  }

 private:
  template <class Place>
  CUTLASS_DEVICE static void load(const Params& params, Pipeline& pipeline,
                                  typename Mainloop::TensorStorage& tensors, const Place& place,
                                  int depth) {
    wait_for_predecessors();
    Mainloop mainloop;
    const auto inputs = mainloop.load_init(params.problem, params.mainloop);
    mainloop.load(params.mainloop, pipeline, cutlass::make_producer_start_state<Pipeline>(), inputs,
                  place, cute::make_coord_iterator(cute::shape<3>(cute::get<0>(inputs))), depth,
                  cutlass::canonical_lane_idx(), /*block_rank_in_cluster=*/0, tensors);
  }

  template <class Place>
  CUTLASS_DEVICE static void multiply(const Params& params, Pipeline& pipeline,
                                      SharedStorage& storage, const Place& place, int part,
                                      int depth) {
    const int thread = static_cast<int>(threadIdx.x);
    TiledMma tiled_mma;
    auto sums = cute::partition_fragment_C(tiled_mma, cute::take<0, 2>(TileShape{}));
    wait_for_predecessors();
    if (part > 0) {
      sum(pipeline, storage, sums, depth, thread);
      release_successors();
      send(sums, storage.others[part - 1], thread);
      cute::cluster_arrive();
    } else {
      const Epilogue epilogue(params.epilogue);
      const auto ready = epilogue.begin(params.problem, TileShape{}, place, tiled_mma, thread);
      sum(pipeline, storage, sums, depth, thread);
      release_successors();
      cute::cluster_arrive();
      cute::cluster_wait();
      asm volatile("" ::: "memory");  // reads of what the others sent stay behind it
      for (const PartSums& other : storage.others) add(other, sums, thread);
      epilogue.finish(ready, sums);
    }
  }

  /// As Mainloop::mma, which would tell the first block of the cluster that a stage is free.
  template <class Sums>
  CUTLASS_DEVICE static void sum(Pipeline& pipeline, SharedStorage& storage, Sums& sums, int depth,
                                 int thread) {
    using namespace cute;
    const Tensor a =
        make_tensor(make_smem_ptr(storage.tensors.smem_A.data()), typename Mainloop::SmemLayoutA{});
    const Tensor b =
        make_tensor(make_smem_ptr(storage.tensors.smem_B.data()), typename Mainloop::SmemLayoutB{});
    TiledMma tiled_mma;
    const auto group = tiled_mma.get_slice(0);
    const Tensor fragments_a = group.make_fragment_A(group.partition_A(a));
    const Tensor fragments_b = group.make_fragment_B(group.partition_B(b));
    clear(sums);
    State state, done;
    warpgroup_fence_operand(sums);
    for (int i = 0; i < depth; ++i) {
      pipeline.consumer_wait(state, pipeline.consumer_try_wait(state));
      warpgroup_arrive();
      gemm(tiled_mma, fragments_a(_, _, _, state.index()), fragments_b(_, _, _, state.index()),
           sums);
      warpgroup_commit_batch();
      ++state;
      warpgroup_wait<1>();
      if (i > 0) release(storage, done, thread);
    }
    warpgroup_wait<0>();
    warpgroup_fence_operand(sums);
  }

  CUTLASS_DEVICE static void release(SharedStorage& storage, State& done, int thread) {
    if (thread % cutlass::NumThreadsPerWarp == 0)
      storage.pipeline.empty_barrier_[done.index()].arrive();
    ++done;
  }

  template <class Sums>
  CUTLASS_DEVICE static void send(const Sums& sums, PartSums& to, int thread) {
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kSums / kVector; ++i) {
      const auto& four = reinterpret_cast<const uint4&>(sums(i * kVector));
      const uint32_t address = cute::set_block_rank(cute::cast_smem_ptr_to_uint(&to[i][thread]), 0);
      asm volatile("st.shared::cluster.v4.b32 [%0], {%1, %2, %3, %4};" ::"r"(address), "r"(four.x),
                   "r"(four.y), "r"(four.z), "r"(four.w)
                   : "memory");
    }
  }

  template <class Sums>
  CUTLASS_DEVICE static void add(const PartSums& other, Sums& sums, int thread) {
    CUTLASS_PRAGMA_UNROLL
    for (int i = 0; i < kSums / kVector; ++i) {
      const uint4 four = other[i][thread];
      const auto& values = reinterpret_cast<const cute::array<Accumulator, kVector>&>(four);
      CUTLASS_PRAGMA_UNROLL
      for (int j = 0; j < kVector; ++j) sums(i * kVector + j) += values[j];
    }
  }
};

}  // namespace herosweep::kernels::cuda::sm90
