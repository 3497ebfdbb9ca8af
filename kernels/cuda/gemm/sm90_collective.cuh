// What the kernels of our own share that drive CUTLASS's collectives.
#pragma once

#include <cutlass/cutlass.h>
#include <cutlass/gemm/gemm.h>
#include <cutlass/kernel_hardware_info.h>

#include <cute/tensor.hpp>

namespace herosweep::kernels::cuda::sm90 {

/// Shared memory of one of `blocks` blocks on a multiprocessor: of 228 KB, 1 KB a block is taken.
constexpr int shared_bytes_of_block(int blocks) { return (228 / blocks - 1) * 1024; }

/// What run_tile gives a kernel, in the order of `cutlass::gemm::kernel::GemmUniversal`.
template <class Mainloop, class Epilogue>
struct KernelArguments {
  cutlass::gemm::GemmUniversalMode mode;
  cute::Shape<int, int, int, int> problem;  // m, n, k, 1
  typename Mainloop::Arguments mainloop;
  typename Epilogue::Arguments epilogue;
  cutlass::KernelHardwareInfo hw_info{};
};

/// Of a block whose first `consumers` threads multiply; `loads`: this warp, which is the next one,
/// loads. `arrivals`: of consumers that leave a stage.
template <class Mainloop>
CUTLASS_DEVICE typename Mainloop::MainloopPipeline::Params pipeline_parameters(
    const typename Mainloop::Params& mainloop, bool loads, int consumers, int arrivals) {
  using Pipeline = typename Mainloop::MainloopPipeline;
  typename Pipeline::Params parameters;
  parameters.transaction_bytes = mainloop.tma_transaction_bytes;
  parameters.role = loads ? Pipeline::ThreadCategory::Producer : Pipeline::ThreadCategory::Consumer;
  parameters.is_leader = static_cast<int>(threadIdx.x) == consumers;
  parameters.num_consumers = static_cast<uint32_t>(arrivals);
  return parameters;
}

}  // namespace herosweep::kernels::cuda::sm90
