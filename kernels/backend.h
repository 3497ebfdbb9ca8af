// A backend is a table of operators. The engine calls nothing else.
#pragma once

#include <cstddef>
#include <string>

#include "kernels/attention.h"
#include "kernels/embedding.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"
#include "kernels/quantize.h"

namespace herosweep::kernels {

struct Backend {
  const char* name;  // "cpu" or "reference"
  const char* isa;   // the instruction set that run-time dispatch chose, for records and `doctor`

  /// Bytes that `pack` writes (a multiple of 64, padding and column sums included).
  size_t (*packed_bytes)(ElementType type, int n, int k);
  /// Lays out weights w[n, k] (row-major; s4: ceil(k/2) bytes a row, low nibble first) for `gemm`.
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
