// LN^quant: residual addition, layer normalisation and quantization (kernels/layer_norm.h), one
// read of each row. The row stays in registers, in FP32, from the first load to the outputs; the
// only traffic between threads are two reductions, seldom a third. FP16 or INT8 in and out;
// columns 1..16384, in vectors of 4 where addresses and columns allow. Reference twin:
// reference::layer_norm.
#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/device.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/rows/normalize.cuh"
#include "kernels/cuda/rows/rows.h"
#include "kernels/cuda/rows/write.cuh"
#include "kernels/cuda/spread.h"

namespace herosweep::kernels::cuda {
namespace rows {
namespace {

/// values = the dequantized operand where `kFirst`, else values += it. `token_scale`: of this row,
/// 1 where there is none.
template <class L, bool kFirst>
__device__ __forceinline__ void add_operand(const Row<L>& row, const Operand& operand,
                                            const Raw<L, ElementType::s8>& raw, float token_scale,
                                            const Parameter<L>& feature_scale, Values<L>& values) {
  if (!feature_scale.is_given()) {
    if constexpr (kFirst)
      set_s8<L>(row, raw, token_scale, values);
    else
      add_s8<L, kFirst>(
          raw, [&](int) { return same<L>(token_scale); }, values);
  } else if (operand.token_scale == nullptr) {
    add_s8<L, kFirst>(
        raw, [&](int c) { return feature_scale.at(row, c); }, values);
  } else {
    const auto both = [&](int c) {
      Floats<L::kVector> scales = feature_scale.at(row, c);
#pragma unroll
      for (int v = 0; v < L::kVector; ++v) scales.value[v] *= token_scale;
      return scales;
    };
    add_s8<L, kFirst>(raw, both, values);
  }
}

template <class L, bool kFirst>
__device__ __forceinline__ void add_operand(const Row<L>&, const Operand&,
                                            const Raw<L, ElementType::f16>& raw, float,
                                            const Parameter<L>&, Values<L>& values) {
  add_f16<L, kFirst>(raw, values);
}

template <class L, ElementType kResidual, ElementType kX>
__global__ void __launch_bounds__(L::kBlockThreads) layer_norm_kernel(const LayerNormArgs args) {
  const Row<L> row(args.cols);
  const Operand& residual = args.residual;
  const Operand& x = args.x;
  // Nothing writes the parameters, so they need not wait for the predecessor.
  const NormParameter<L> gamma(args.gamma, row), beta(args.beta, row);
  const Parameter<L> residual_features(residual.feature_scale, row);
  const Parameter<L> x_features(x.feature_scale, row);
  wait_for_predecessors();
  if (row.index >= args.rows) return;
  Raw<L, kResidual> residual_raw;
  Raw<L, kX> x_raw;
  load<L>(row, residual.data, row.index, residual_raw);
  if (x.data != nullptr) load<L>(row, x.data, row.index, x_raw);
  const float residual_scale =
      residual.token_scale != nullptr ? residual.token_scale[row.index] : 1.0f;
  const float x_scale = x.token_scale != nullptr ? x.token_scale[row.index] : 1.0f;
  release_successors();
  Values<L> values;
  add_operand<L, true>(row, residual, residual_raw, residual_scale, residual_features, values);
  if (x.data != nullptr) add_operand<L, false>(row, x, x_raw, x_scale, x_features, values);
  normalize<L>(row, gamma, beta, args.epsilon, values);
  write_row<L>(row, values, args.out, args.nonfinite);
}

bool all_aligned(const LayerNormArgs& args) {
  return rows::is_aligned(args.residual) && rows::is_aligned(args.x) &&
         rows::is_aligned(args.gamma, ElementType::f32) &&
         rows::is_aligned(args.beta, ElementType::f32) && rows::is_aligned(args.out);
}

}  // namespace

void layer_norm(const LayerNormArgs& args, const Geometry& geometry) {
  const auto bytes = static_cast<size_t>(spread_bytes(geometry.blocks, 0));
  with_layout(geometry, [&](auto layout) {
    with_type(args.residual.type, [&](auto residual) {
      with_type(args.x.type, [&](auto x) {
        constexpr auto kKernel = layer_norm_kernel<decltype(layout), residual, x>;
        allow_shared_memory<kKernel, kMostSpreadBytes>();
        launch(kKernel, dim3(static_cast<unsigned>(geometry.blocks)),
               dim3(static_cast<unsigned>(geometry.block_threads)), bytes, args);
      });
    });
  });
}

}  // namespace rows

void layer_norm(const LayerNormArgs& args) {
  if (args.rows == 0) return;
  rows::require_type(args.residual.type, /*s8_allowed=*/true, "layer norm");
  if (args.x.data != nullptr) rows::require_type(args.x.type, /*s8_allowed=*/true, "layer norm");
  rows::require_output(args.out, "layer norm");
  rows::layer_norm(args, rows::choose_geometry(args.rows, args.cols, rows::all_aligned(args),
                                               device().multiprocessors));
}

}  // namespace herosweep::kernels::cuda
