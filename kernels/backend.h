// A backend is a table of operators and the memory they work in. The engine calls nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "kernels/attention.h"
#include "kernels/embedding.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"
#include "kernels/quantize.h"

namespace herosweep::kernels {

/// Operators that were recorded once and run again without the cost of launching each.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

struct Backend {
  const char* name;  // "cpu", "cuda" or "reference"
  const char* isa;   // the instruction set that run-time dispatch chose, for records and `doctor`
  bool host_memory;  // operators read and write ordinary host memory in place
  ElementType floating;  // storage of floating-point edges: f32, or f16 on CUDA
  int tokens_per_pass;   // of an accuracy pass: enough to amortise reading the weights, few enough
                         // for the caches

  // Memory that operators read and write. Operators run in the order of their calls; `upload` and
  // `download` take their place in it and have finished when they return.
  void* (*allocate)(size_t bytes);  // aligned to 64 bytes at least; throws std::bad_alloc
  void (*release)(void* data);
  void (*upload)(void* data, const void* host, size_t bytes);
  void (*download)(void* host, const void* data, size_t bytes);

  /// Records the operators that `calls` runs (nothing is computed); null where the backend cannot.
  /// Replaying reads and writes the same memory.
  std::unique_ptr<Recording> (*record)(const std::function<void()>& calls);
  /// Nanoseconds that the operators of `work` take, on the device's own clock where it has one.
  int64_t (*time)(const std::function<void()>& work);

  /// Bytes that `pack` writes (a multiple of 64, padding and column sums included).
  size_t (*packed_bytes)(ElementType type, int n, int k);
  /// Lays out weights w[n, k] (row-major; s4: ceil(k/2) bytes a row, low nibble first; f16: given
  /// as float, rounded to nearest even) for `gemm`. Both are in host memory.
  void (*pack)(ElementType type, const void* w, int n, int k, void* packed);

  void (*gemm)(const GemmArgs&);
  void (*layer_norm)(const LayerNormArgs&);
  void (*embedding)(const EmbeddingArgs&);
  void (*attention)(const AttentionArgs&);
  void (*quantize)(const QuantizeArgs&);
};

/// Slow, obvious twins, straight from docs/numerics.md. Single-threaded.
const Backend& reference_backend();

/// Threads (OpenMP) over rows and heads; AVX512-VNNI where the processor has it, else a portable
/// exact version. The environment variable HEROSWEEP_CPU_ISA=portable forces the latter.
const Backend& cpu_backend();

/// Threads that the cpu backend uses from now on, in this process.
void set_cpu_threads(int threads);

}  // namespace herosweep::kernels
