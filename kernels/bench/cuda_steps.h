// A chain of steps that compute nothing, each of which needs the step before it: in kernels of its
// own, or in one kernel between barriers of the whole grid. Whatever runs a layer pays this.
#pragma once

namespace herosweep::kernels::bench {

/// In device memory, one value a block: a step reads one buffer and writes the other.
struct StepBuffers {
  int* values[2];
  unsigned* arrived;  // zero before the first call; the last block leaves it so
};

/// Launched as operators are.
void steps_in_kernels(const StepBuffers& buffers, int blocks, int steps);
/// REQUIRES blocks <= multiprocessors, so that all are resident.
void steps_in_one_kernel(const StepBuffers& buffers, int blocks, int steps);

}  // namespace herosweep::kernels::bench
