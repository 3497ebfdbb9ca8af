// The operators that work row by row, threads over rows, for the files of one instruction set.
// Formulas and shapes stand in kernels/{layer_norm,embedding,quantize}.h.
#pragma once

#include <cstddef>

#include "kernels/cpu/row_writer.h"
#include "kernels/cpu/scratch.h"
#include "kernels/embedding.h"
#include "kernels/layer_norm.h"
#include "kernels/quantize.h"

namespace herosweep::kernels::cpu {

/// Calls fill_row(row, values), which returns the largest magnitude bits of the values (or
/// kInfinityBits for a row that is not finite), and writes them as `out` says. Each row is read
/// from memory once; everything between happens in a row of scratch that stays in L1.
template <typename Rows, typename FillRow>
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
    const int32_t amax_bits = fill_row(row, values);
    const bool finite = write_row<Rows>(values, amax_bits, row, cols, out);
    any_nonfinite = any_nonfinite || !finite;
  }
  if (any_nonfinite && nonfinite != nullptr) *nonfinite = true;
}

template <typename Rows>
static inline void layer_norm_rows(const LayerNormArgs& args) {
  const int count = args.x.data != nullptr ? 2 : 1;
  const auto fill_row = [&](int row, float* values) {
    const RowSource sources[] = {row_of(args.residual, row, args.cols),
                                 row_of(args.x, count == 2 ? row : 0, args.cols)};
    const float sum = Rows::sum_sources(sources, count, args.cols, values);
    return Rows::normalize(values, args.cols, sum, args.gamma, args.beta, args.epsilon);
  };
  for_each_row<Rows>(args.rows, args.cols, args.out, args.nonfinite, fill_row);
}

template <typename Rows>
static inline void embedding_rows(const EmbeddingArgs& args) {
  const Operand token{args.token_type, args.token_table, args.token_row_scale, nullptr};
  const Operand position{ElementType::f32, args.position_table, nullptr, nullptr};
  const Operand type{ElementType::f32, args.type_table, nullptr, nullptr};
  const auto fill_row = [&](int row, float* values) {
    const RowSource sources[] = {row_of(token, args.ids[row], args.cols),
                                 row_of(position, args.positions[row], args.cols),
                                 row_of(type, args.types[row], args.cols)};
    const float sum = Rows::sum_sources(sources, 3, args.cols, values);
    return Rows::normalize(values, args.cols, sum, args.gamma, args.beta, args.epsilon);
  };
  for_each_row<Rows>(args.rows, args.cols, args.out, args.nonfinite, fill_row);
}

/// activate_row(x, cols, y) writes activation(x) to y.
template <typename Rows, typename ActivateRow>
static inline void quantize_rows(const QuantizeArgs& args, const ActivateRow& activate_row) {
  const auto fill_row = [&](int row, float* values) {
    const float* x = static_cast<const float*>(args.x) +
                     static_cast<size_t>(row) * static_cast<size_t>(args.cols);
    activate_row(x, args.cols, values);
    const int32_t bits = Rows::max_magnitude_bits(values, args.cols);
    if (args.activation == Activation::none) return bits;
    // GELU of minus infinity is a finite number: x tells too.
    return Rows::max_magnitude_bits(x, args.cols) < kInfinityBits ? bits : kInfinityBits;
  };
  for_each_row<Rows>(args.rows, args.cols, args.out, args.nonfinite, fill_row);
}

}  // namespace herosweep::kernels::cpu
