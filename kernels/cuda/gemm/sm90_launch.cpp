#include "kernels/cuda/gemm/sm90_launch.h"

#include <array>

#include "kernels/cuda/device.h"

namespace herosweep::kernels::cuda::sm90 {

void launch_clusters(const void* kernel, dim3 grid, dim3 cluster, dim3 block, size_t shared_bytes,
                     void** parameters) {
  std::array<cudaLaunchAttribute, 2> attributes{};
  attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[0].val.programmaticStreamSerializationAllowed = 1;
  attributes[1].id = cudaLaunchAttributeClusterDimension;
  attributes[1].val.clusterDim = {cluster.x, cluster.y, cluster.z};
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = device().stream;
  config.attrs = attributes.data();
  // A cluster of one block needs no gang scheduling.
  config.numAttrs = cluster.x * cluster.y * cluster.z > 1 ? 2 : 1;
  HEROSWEEP_CUDA_CHECK(cudaLaunchKernelExC(&config, kernel, parameters));
}

}  // namespace herosweep::kernels::cuda::sm90
