// The operators that work row by row, threads over rows, for the files of one instruction set.
// Formulas and shapes stand in kernels/{layer_norm,embedding,quantize}.h.
#pragma once

#include <cstddef>

#include "kernels/cpu/row_normalizer.h"
#include "kernels/cpu/row_writer.h"
#include "kernels/cpu/scratch.h"
#include "kernels/embedding.h"
#include "kernels/layer_norm.h"
#include "kernels/quantize.h"

namespace herosweep::kernels::cpu {

/// Calls fill_row(row, values) for each row, which returns whether the inputs it looked at were
/// finite, and writes `values` as `out` says. Each row is read from memory once; everything
/// between happens in a row of scratch that stays in L1.
template <typename FillRow>
static inline void for_each_row(int rows, int cols, const Output& out, bool* nonfinite,
                                const FillRow& fill_row) {
  // Below some microseconds of work waking a second thread costs more than it saves.
  constexpr int64_t kMinParallelElements = 16384;
  const bool parallel = static_cast<int64_t>(rows) * cols >= kMinParallelElements;
  bool any_nonfinite = false;
#pragma omp parallel for schedule(static) reduction(|| : any_nonfinite) if (parallel)
  for (int row = 0; row < rows; ++row) {
    static thread_local Scratch scratch;
    auto* values = static_cast<float*>(scratch.reserve(sizeof(float) * static_cast<size_t>(cols)));
    const bool finite_input = fill_row(row, values);
    const bool finite_output = write_row(values, row, cols, out);
    any_nonfinite = any_nonfinite || !finite_input || !finite_output;
  }
  if (any_nonfinite && nonfinite != nullptr) *nonfinite = true;
}

static inline void layer_norm_rows(const LayerNormArgs& args) {
  for_each_row(args.rows, args.cols, args.out, args.nonfinite, [&args](int row, float* values) {
    load_row<false>(args.residual, row, args.cols, values);
    if (args.x.data != nullptr) load_row<true>(args.x, row, args.cols, values);
    normalize_row(values, args.cols, args.gamma, args.beta, args.epsilon);
    return true;  // a NaN or infinity in front of the normalisation is a NaN behind it
  });
}

static inline void embedding_rows(const EmbeddingArgs& args) {
  const Operand token{args.token_type, args.token_table, args.token_row_scale, nullptr};
  const Operand position{ElementType::f32, args.position_table, nullptr, nullptr};
  const Operand type{ElementType::f32, args.type_table, nullptr, nullptr};
  for_each_row(args.rows, args.cols, args.out, args.nonfinite, [&](int row, float* values) {
    load_row<false>(token, args.ids[row], args.cols, values);
    load_row<true>(position, args.positions[row], args.cols, values);
    load_row<true>(type, args.types[row], args.cols, values);
    normalize_row(values, args.cols, args.gamma, args.beta, args.epsilon);
    return true;
  });
}

/// activate_row(x, cols, y) writes activation(x) to y.
template <typename ActivateRow>
static inline void quantize_rows(const QuantizeArgs& args, const ActivateRow& activate_row) {
  for_each_row(args.rows, args.cols, args.out, args.nonfinite, [&](int row, float* values) {
    const float* x = args.x + static_cast<size_t>(row) * static_cast<size_t>(args.cols);
    activate_row(x, args.cols, values);
    // GELU of minus infinity is a finite number: x tells too.
    return max_magnitude_bits(x, args.cols) < kInfinityBits;
  });
}

}  // namespace herosweep::kernels::cpu
