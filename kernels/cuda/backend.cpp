#include <algorithm>
#include <map>
#include <new>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels {
namespace cuda {
namespace {

/// What this process holds on the device. One thread of a process uses the backend.
struct Ledger {
  std::map<void*, size_t> blocks;
  int64_t bytes = 0;
  int64_t peak = 0;
};

Ledger& ledger() {
  static Ledger ledger;
  return ledger;
}

void* allocate(size_t bytes) {
  void* data = nullptr;
  const cudaError_t code = cudaMalloc(&data, std::max<size_t>(bytes, 1));
  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // not sticky: the context goes on
    throw std::bad_alloc();
  }
  check(code, "cudaMalloc", __FILE__, __LINE__);
  Ledger& held = ledger();
  held.blocks[data] = bytes;
  held.bytes += static_cast<int64_t>(bytes);
  held.peak = std::max(held.peak, held.bytes);
  return data;
}

void release(void* data) {
  if (data == nullptr) return;
  Ledger& held = ledger();
  held.bytes -= static_cast<int64_t>(held.blocks[data]);
  held.blocks.erase(data);
  cudaFree(data);  // waits for the device; an error here was or will be reported by another call
}

void upload(void* data, const void* host, size_t bytes) {
  if (bytes == 0) return;
  HEROSWEEP_CUDA_CHECK(cudaMemcpyAsync(data, host, bytes, cudaMemcpyHostToDevice, device().stream));
  HEROSWEEP_CUDA_CHECK(cudaStreamSynchronize(device().stream));
}

void download(void* host, const void* data, size_t bytes) {
  if (bytes > 0)
    HEROSWEEP_CUDA_CHECK(
        cudaMemcpyAsync(host, data, bytes, cudaMemcpyDeviceToHost, device().stream));
  HEROSWEEP_CUDA_CHECK(cudaStreamSynchronize(device().stream));
}

class Graph : public Recording {
 public:
  explicit Graph(const std::function<void()>& calls) {
    // Thread-local: allocations of other threads do not break the capture.
    HEROSWEEP_CUDA_CHECK(cudaStreamBeginCapture(device().stream, cudaStreamCaptureModeThreadLocal));
    cudaGraph_t graph = nullptr;
    try {
      calls();
    } catch (...) {
      cudaStreamEndCapture(device().stream, &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      cudaGetLastError();
      throw;
    }
    HEROSWEEP_CUDA_CHECK(cudaStreamEndCapture(device().stream, &graph));
    const cudaError_t code = cudaGraphInstantiate(&executable_, graph, 0);
    cudaGraphDestroy(graph);
    check(code, "cudaGraphInstantiate", __FILE__, __LINE__);
    HEROSWEEP_CUDA_CHECK(cudaGraphUpload(executable_, device().stream));
  }
  ~Graph() override { cudaGraphExecDestroy(executable_); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void replay() override { HEROSWEEP_CUDA_CHECK(cudaGraphLaunch(executable_, device().stream)); }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

std::unique_ptr<Recording> record(const std::function<void()>& calls) {
  return std::make_unique<Graph>(calls);
}

class Event {
 public:
  Event() { HEROSWEEP_CUDA_CHECK(cudaEventCreate(&event_)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record() { HEROSWEEP_CUDA_CHECK(cudaEventRecord(event_, device().stream)); }
  float milliseconds_since(const Event& start) {
    HEROSWEEP_CUDA_CHECK(cudaEventSynchronize(event_));
    float elapsed = 0;
    HEROSWEEP_CUDA_CHECK(cudaEventElapsedTime(&elapsed, start.event_, event_));
    return elapsed;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

int64_t time(const std::function<void()>& work) {
  Event start, end;
  start.record();
  work();
  end.record();
  constexpr double kNanosecondsPerMillisecond = 1e6;
  return static_cast<int64_t>(double{end.milliseconds_since(start)} * kNanosecondsPerMillisecond);
}

// 128 sequences of 128 tokens: large enough for the widest tiles on every multiprocessor.
constexpr int kTokensPerPass = 16384;

}  // namespace
}  // namespace cuda

const Backend& cuda_backend() {
  static const Backend backend{
      .name = "cuda",
      .isa = cuda::device().use_sm90 ? "sm_90a" : "sm_80",
      .host_memory = false,
      .floating = ElementType::f16,
      .tokens_per_pass = cuda::kTokensPerPass,
      .allocate = cuda::allocate,
      .release = cuda::release,
      .upload = cuda::upload,
      .download = cuda::download,
      .record = cuda::record,
      .time = cuda::time,
      .packed_bytes = cuda::packed_bytes,
      .pack = cuda::pack,
      .gemm = cuda::gemm,
      .layer_norm = cuda::layer_norm,
      .embedding = cuda::embedding,
      .attention = cuda::attention,
      .quantize = cuda::quantize,
  };
  return backend;
}

int64_t cuda_allocated_bytes() { return cuda::ledger().bytes; }
int64_t cuda_peak_bytes() { return cuda::ledger().peak; }
void reset_cuda_peak() { cuda::ledger().peak = cuda::ledger().bytes; }

}  // namespace herosweep::kernels
