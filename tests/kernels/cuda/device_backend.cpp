#include "tests/kernels/cuda/device_backend.h"

#include <cuda_fp16.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/operators.h"
#include "kernels/host_memory.h"

namespace herosweep::kernels {
namespace {

constexpr size_t kGuardBytes = 256;
constexpr int kGuardByte = 0x5a;

/// Device copies of one call's arguments; outputs come back in `finish`.
class Call {
 public:
  ~Call() {
    for (void* block : blocks_) cuda_backend().release(block);
  }

  template <class T>
  const T* in(const T* host, size_t count) {
    if (host == nullptr) return nullptr;
    void* device = allocate(count * sizeof(T));
    cuda_backend().upload(device, host, count * sizeof(T));
    return static_cast<const T*>(device);
  }

  const void* bytes_in(const void* host, size_t bytes) {
    return in(static_cast<const char*>(host), bytes);
  }

  const void* half_in(const void* host_floats, size_t count) {
    if (host_floats == nullptr) return nullptr;
    std::vector<__half> values(count);
    const auto* from = static_cast<const float*>(host_floats);
    std::transform(from, from + count, values.begin(), [](float v) { return __float2half_rn(v); });
    return in(values.data(), count);
  }

  /// A matrix operand: FP as FP16, the rest as it is. Changes `type` to what was copied.
  const void* matrix_in(ElementType* type, const void* host, size_t count) {
    if (*type == ElementType::s8) return bytes_in(host, count);
    *type = ElementType::f16;
    return half_in(host, count);
  }

  template <class T>
  T* out(T* host, size_t count) {
    if (host == nullptr) return nullptr;
    void* device = guarded(count * sizeof(T));
    outputs_.push_back({device, host, count * sizeof(T), false});
    return static_cast<T*>(device);
  }

  void* half_out(float* host, size_t count) {
    if (host == nullptr) return nullptr;
    void* device = guarded(count * sizeof(__half));
    outputs_.push_back({device, host, count * sizeof(__half), true});
    return device;
  }

  Output output(const Output& host, int rows, int cols) {
    const size_t count = static_cast<size_t>(rows) * static_cast<size_t>(cols);
    Output device = host;
    device.f32 = nullptr;
    device.f16 = half_out(host.f32, count);
    device.s8 = out(host.s8, count);
    device.token_scale = out(host.token_scale, static_cast<size_t>(rows));
    device.inverse_scale = in(host.inverse_scale, static_cast<size_t>(cols));
    return device;
  }

  /// A device flag, cleared; becomes true on the host where the kernel set it.
  bool* flag(bool* host) {
    if (host == nullptr) return nullptr;
    flag_host_ = host;
    const bool clear = false;
    flag_device_ = const_cast<bool*>(in(&clear, 1));
    return flag_device_;
  }

  void finish() {
    for (const Result& result : outputs_) {
      std::vector<char> bytes(result.bytes + kGuardBytes);
      cuda_backend().download(bytes.data(), result.device, bytes.size());
      if (std::any_of(bytes.end() - kGuardBytes, bytes.end(),
                      [](char byte) { return byte != kGuardByte; }))
        throw std::logic_error("a kernel wrote past the end of its output");
      if (!result.half) {
        std::memcpy(result.host, bytes.data(), result.bytes);
        continue;
      }
      const auto* values = reinterpret_cast<const __half*>(bytes.data());
      std::transform(values, values + result.bytes / sizeof(__half),
                     static_cast<float*>(result.host), [](__half v) { return __half2float(v); });
    }
    bool raised = false;
    if (flag_host_ != nullptr) cuda_backend().download(&raised, flag_device_, sizeof raised);
    if (raised) *flag_host_ = true;
  }

 private:
  struct Result {
    void* device;
    void* host;
    size_t bytes;
    bool half;
  };

  void* allocate(size_t bytes) {
    blocks_.push_back(cuda_backend().allocate(bytes));
    return blocks_.back();
  }

  void* guarded(size_t bytes) {
    void* device = allocate(bytes + kGuardBytes);
    const std::vector<char> fill(bytes + kGuardBytes, kGuardByte);
    cuda_backend().upload(device, fill.data(), fill.size());
    return device;
  }

  std::vector<void*> blocks_;
  std::vector<Result> outputs_;
  bool* flag_host_ = nullptr;
  bool* flag_device_ = nullptr;
};

size_t area(int rows, int cols) { return static_cast<size_t>(rows) * static_cast<size_t>(cols); }

ElementType device_type(ElementType type) {
  return type == ElementType::f32 ? ElementType::f16 : type;
}

size_t packed_bytes(ElementType type, int n, int k) {
  return cuda::packed_bytes(device_type(type), n, k);
}

void pack(ElementType type, const void* w, int n, int k, void* packed) {
  cuda::pack(device_type(type), w, n, k, packed);
}

void gemm(const GemmArgs& host) { gemm_on_device(host, cuda_backend().gemm); }

Operand operand_in(Call& call, const Operand& host, int rows, int cols) {
  if (host.data == nullptr) return host;
  Operand device = host;
  device.data = call.matrix_in(&device.type, host.data, area(rows, cols));
  device.token_scale = call.in(host.token_scale, static_cast<size_t>(rows));
  device.feature_scale = call.in(host.feature_scale, static_cast<size_t>(cols));
  return device;
}

void layer_norm(const LayerNormArgs& host) {
  Call call;
  LayerNormArgs args = host;
  args.residual = operand_in(call, host.residual, host.rows, host.cols);
  args.x = operand_in(call, host.x, host.rows, host.cols);
  args.gamma = call.in(host.gamma, static_cast<size_t>(host.cols));
  args.beta = call.in(host.beta, static_cast<size_t>(host.cols));
  args.out = call.output(host.out, host.rows, host.cols);
  args.nonfinite = call.flag(host.nonfinite);
  cuda_backend().layer_norm(args);
  call.finish();
}

int entries(const int32_t* ids, int rows) {
  return rows == 0 ? 0 : *std::max_element(ids, ids + rows) + 1;
}

void embedding(const EmbeddingArgs& host) {
  Call call;
  EmbeddingArgs args = host;
  const auto rows = static_cast<size_t>(host.rows);
  const int tokens = entries(host.ids, host.rows);
  args.ids = call.in(host.ids, rows);
  args.positions = call.in(host.positions, rows);
  args.types = call.in(host.types, rows);
  args.token_table = call.matrix_in(&args.token_type, host.token_table, area(tokens, host.cols));
  args.token_row_scale = call.in(host.token_row_scale, static_cast<size_t>(tokens));
  args.table_type = ElementType::f16;
  args.position_table =
      call.half_in(host.position_table, area(entries(host.positions, host.rows), host.cols));
  args.type_table = call.half_in(host.type_table, area(entries(host.types, host.rows), host.cols));
  args.gamma = call.in(host.gamma, static_cast<size_t>(host.cols));
  args.beta = call.in(host.beta, static_cast<size_t>(host.cols));
  args.out = call.output(host.out, host.rows, host.cols);
  args.nonfinite = call.flag(host.nonfinite);
  cuda_backend().embedding(args);
  call.finish();
}

void attention(const AttentionArgs& host) {
  Call call;
  AttentionArgs args = host;
  const int rows = host.offsets[host.sequences];
  const int cols = host.heads * host.head_size;
  args.rows = rows;
  args.longest = 0;
  for (int s = 0; s < host.sequences; ++s)
    args.longest = std::max(args.longest, host.offsets[s + 1] - host.offsets[s]);
  args.offsets = call.in(host.offsets, static_cast<size_t>(host.sequences) + 1);
  args.lengths = call.in(host.lengths, static_cast<size_t>(host.sequences));
  args.qkv = call.matrix_in(&args.type, host.qkv, area(rows, 3 * cols));
  args.out = call.output(host.out, rows, cols);
  args.nonfinite = call.flag(host.nonfinite);
  cuda_backend().attention(args);
  call.finish();
}

void quantize(const QuantizeArgs& host) {
  Call call;
  QuantizeArgs args = host;
  args.x = call.matrix_in(&args.x_type, host.x, area(host.rows, host.cols));
  args.out = call.output(host.out, host.rows, host.cols);
  args.nonfinite = call.flag(host.nonfinite);
  cuda_backend().quantize(args);
  call.finish();
}

}  // namespace

const Backend& device_backend() {
  static const Backend backend{
      .name = "cuda",
      .isa = cuda_backend().isa,
      .host_memory = true,
      .floating = ElementType::f32,
      .tokens_per_pass = cuda_backend().tokens_per_pass,
      .allocate = host::allocate,
      .release = host::release,
      .upload = host::copy,
      .download = host::copy,
      .record = nullptr,
      .time = host::time,
      .packed_bytes = packed_bytes,
      .pack = pack,
      .gemm = gemm,
      .layer_norm = layer_norm,
      .embedding = embedding,
      .attention = attention,
      .quantize = quantize,
  };
  return backend;
}

void gemm_on_device(const GemmArgs& host, void (*run)(const GemmArgs&)) {
  Call call;
  GemmArgs args = host;
  args.x = call.matrix_in(&args.x_type, host.x, area(host.m, host.w.k));
  args.token_scale = call.in(host.token_scale, static_cast<size_t>(host.m));
  args.w.type = device_type(host.w.type);
  args.w.data = call.bytes_in(host.w.data, cuda::packed_bytes(args.w.type, host.w.n, host.w.k));
  args.row_scale = call.in(host.row_scale, static_cast<size_t>(host.w.n));
  args.bias = call.in(host.bias, static_cast<size_t>(host.w.n));
  args.out = call.output(host.out, host.m, host.w.n);
  args.nonfinite = call.flag(host.nonfinite);
  run(args);
  call.finish();
}

bool cuda_is_usable() {
  static const bool usable = [] {
    const CudaStatus status = cuda_status();
    if (!status.usable) std::fprintf(stderr, "skipped: %s\n", status.reason.c_str());
    return status.usable;
  }();
  return usable;
}

float half_of(float value) { return __half2float(__float2half_rn(value)); }

void to_half(std::vector<float>& values) {
  std::transform(values.begin(), values.end(), values.begin(), half_of);
}

}  // namespace herosweep::kernels
