// Launches a kernel with thread block clusters and programmatic dependent launch.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>

namespace herosweep::kernels::cuda::sm90 {

/// `parameters`: pointers to the kernel's parameters. The kernel keeps the rule of cuda::launch: it
/// waits for its predecessors before it touches their memory. Throws CudaError.
void launch_clusters(const void* kernel, dim3 grid, dim3 cluster, dim3 block, size_t shared_bytes,
                     void** parameters);

}  // namespace herosweep::kernels::cuda::sm90
