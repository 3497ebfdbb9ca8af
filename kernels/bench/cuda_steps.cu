#include "kernels/bench/cuda_steps.h"
#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/device.h"

namespace herosweep::kernels::bench {
namespace {

constexpr int kThreads = 128;

/// Reads what the neighbour wrote and writes for the other one.
__device__ void step(const int* from, int* to) {
  if (threadIdx.x != 0) return;
  const auto neighbour = (blockIdx.x + 1) % gridDim.x;
  to[blockIdx.x] = __ldcg(from + neighbour) + 1;
}

__global__ void __launch_bounds__(kThreads) step_kernel(const int* from, int* to) {
  cuda::wait_for_predecessors();
  step(from, to);
  cuda::release_successors();
}

/// Returns when every block has called it for the `turn`-th time (from 1).
__device__ void wait_for_grid(unsigned* arrived, unsigned turn) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    atomicAdd(arrived, 1u);
    unsigned seen;
    do {
      asm volatile("ld.acquire.gpu.u32 %0, [%1];" : "=r"(seen) : "l"(arrived) : "memory");
    } while (seen < turn * gridDim.x);
  }
  __syncthreads();
}

__global__ void __launch_bounds__(kThreads) steps_kernel(StepBuffers buffers, int steps) {
  cuda::wait_for_predecessors();
  for (int i = 0; i < steps; ++i) {
    step(buffers.values[i % 2], buffers.values[(i + 1) % 2]);
    wait_for_grid(buffers.arrived, static_cast<unsigned>(i) + 1);
  }
  // The last to leave clears the counter for the next call.
  if (threadIdx.x == 0 && atomicAdd(buffers.arrived, 1u) == (steps + 1u) * gridDim.x - 1)
    *buffers.arrived = 0;
  cuda::release_successors();
}

}  // namespace

void steps_in_kernels(const StepBuffers& buffers, int blocks, int steps) {
  for (int i = 0; i < steps; ++i)
    cuda::launch(step_kernel, dim3(static_cast<unsigned>(blocks)), dim3(kThreads), 0,
                 static_cast<const int*>(buffers.values[i % 2]), buffers.values[(i + 1) % 2]);
}

void steps_in_one_kernel(const StepBuffers& buffers, int blocks, int steps) {
  cuda::launch(steps_kernel, dim3(static_cast<unsigned>(blocks)), dim3(kThreads), 0, buffers,
               steps);
}

}  // namespace herosweep::kernels::bench
