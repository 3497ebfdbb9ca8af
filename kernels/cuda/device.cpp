#include "kernels/cuda/device.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "kernels/cuda/cuda.h"

namespace herosweep::kernels {

namespace {

constexpr int kOldestCompute = 80;  // mma.sync of INT8 m16n8k32 and cp.async

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

CudaStatus cuda_status() {
  CudaStatus status;
  status.runtime = CUDART_VERSION;
  if (cudaDriverGetVersion(&status.driver) != cudaSuccess || status.driver == 0) {
    status.reason = "no NVIDIA driver was found; install one that supports CUDA " +
                    version_text(status.runtime) + ", or use backend: cpu";
    return status;
  }
  if (status.driver / 1000 < status.runtime / 1000) {
    status.reason = "the NVIDIA driver supports CUDA " + version_text(status.driver) +
                    ", this program needs " + version_text(status.runtime / 1000 * 1000) +
                    "; update the driver";
    return status;
  }
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    cudaGetLastError();
    status.reason = "the NVIDIA driver shows no device; check nvidia-smi and CUDA_VISIBLE_DEVICES";
    return status;
  }
  status.devices = devices;
  cudaDeviceProp properties{};
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) {
    status.reason = "the first CUDA device does not answer; check nvidia-smi";
    return status;
  }
  status.device = properties.name;
  status.compute_major = properties.major;
  status.compute_minor = properties.minor;
  status.multiprocessors = properties.multiProcessorCount;
  status.memory_bytes = static_cast<int64_t>(properties.totalGlobalMem);
  status.l2_bytes = properties.l2CacheSize;
  status.usable = properties.major * 10 + properties.minor >= kOldestCompute;
  if (!status.usable)
    status.reason = status.device + " has compute capability " + std::to_string(properties.major) +
                    "." + std::to_string(properties.minor) +
                    "; 8.0 (A100, RTX 30) or newer is needed. Use backend: cpu";
  return status;
}

namespace cuda {

void check(cudaError_t code, const char* expression, const char* file, int line) {
  if (code == cudaSuccess) return;
  cudaGetLastError();  // a failed launch would be reported again by the next call
  throw CudaError(std::string(expression) + " at " + file + ":" + std::to_string(line) + ": " +
                      cudaGetErrorString(code) + " (" + cudaGetErrorName(code) + ")",
                  code == cudaErrorMemoryAllocation);
}

const Device& device() {
  static const Device device = [] {
    const CudaStatus status = cuda_status();
    if (!status.usable) throw CudaError(status.reason, /*no_memory=*/false);
    Device made;
    HEROSWEEP_CUDA_CHECK(cudaSetDevice(0));
    HEROSWEEP_CUDA_CHECK(cudaStreamCreateWithFlags(&made.stream, cudaStreamNonBlocking));
    int shared_bytes = 0;
    HEROSWEEP_CUDA_CHECK(
        cudaDeviceGetAttribute(&shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
    const char* forced = std::getenv("HEROSWEEP_CUDA_ARCH");
    made.shared_bytes = static_cast<size_t>(shared_bytes);
    made.multiprocessors = status.multiprocessors;
    made.compute = status.compute_major * 10 + status.compute_minor;
    made.use_sm90 =
        made.compute == 90 && !(forced != nullptr && std::string_view(forced) == "portable");
    std::vector<float> values(2 * size_t{kConstants}, 0.0f);
    std::fill_n(values.begin(), kConstants, 1.0f);
    const size_t bytes = values.size() * sizeof(float);
    void* constants = nullptr;
    HEROSWEEP_CUDA_CHECK(cudaMalloc(&constants, bytes));
    HEROSWEEP_CUDA_CHECK(cudaMemcpy(constants, values.data(), bytes, cudaMemcpyHostToDevice));
    made.ones = static_cast<const float*>(constants);
    made.zeros = made.ones + kConstants;
    return made;
  }();
  return device;
}

}  // namespace cuda
}  // namespace herosweep::kernels
