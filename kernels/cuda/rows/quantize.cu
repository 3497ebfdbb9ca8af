// Activation and quantization of FP16 rows (kernels/quantize.h), one read of each row: it stays in
// registers, in FP32, between the measuring of its scale and the rounding. Reference twin:
// reference::quantize.
#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/device.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/rows/rows.h"
#include "kernels/cuda/rows/write.cuh"

namespace herosweep::kernels::cuda {
namespace rows {
namespace {

template <class L, Activation kActivation>
__device__ __forceinline__ void activate_all(Values<L>& values) {
#pragma unroll
  for (int c = 0; c < L::kChunks; ++c)
#pragma unroll
    for (int v = 0; v < L::kVector; ++v) values[c][v] = activate(kActivation, values[c][v]);
}

template <class L>
__global__ void __launch_bounds__(L::kBlockThreads) quantize_kernel(const QuantizeArgs args) {
  const Row<L> row(args.cols);
  wait_for_predecessors();
  if (row.index >= args.rows) return;
  Raw<L, ElementType::f16> raw;
  load<L>(row, args.x, row.index, raw);
  release_successors();
  Values<L> values;
  add_f16<L, true>(raw, values);
  // Either GELU of minus infinity is NaN here (infinity times zero), so the outputs tell of a bad
  // x.
  if (args.activation == Activation::gelu_erf) activate_all<L, Activation::gelu_erf>(values);
  if (args.activation == Activation::gelu_tanh) activate_all<L, Activation::gelu_tanh>(values);
  write_row<L>(row, values, args.out, args.nonfinite);
}

bool all_aligned(const QuantizeArgs& args) {
  return rows::is_aligned(args.x, args.x_type) && rows::is_aligned(args.out);
}

}  // namespace

void quantize(const QuantizeArgs& args, const Geometry& geometry) {
  with_layout(geometry, [&](auto layout) {
    launch(quantize_kernel<decltype(layout)>, dim3(static_cast<unsigned>(geometry.blocks)),
           dim3(static_cast<unsigned>(geometry.block_threads)), 0, args);
  });
}

}  // namespace rows

void quantize(const QuantizeArgs& args) {
  if (args.rows == 0) return;
  rows::require_type(args.x_type, /*s8_allowed=*/false, "quantize");
  rows::require_output(args.out, "quantize");
  rows::quantize(args, rows::choose_geometry(args.rows, args.cols, rows::all_aligned(args),
                                             device().multiprocessors));
}

}  // namespace herosweep::kernels::cuda
