// Embedding^quant: gather of token, position and type rows, layer normalisation and quantization
// (kernels/embedding.h). Token table FP16 or INT8 with a scale a row, the other two FP16; the row
// stays in registers as in layer_norm.cu. Reference twin: reference::embedding.
#include "kernels/cuda/dependency.cuh"
#include "kernels/cuda/device.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/rows/normalize.cuh"
#include "kernels/cuda/rows/rows.h"
#include "kernels/cuda/rows/write.cuh"

namespace herosweep::kernels::cuda {
namespace rows {
namespace {

template <class L, ElementType kToken>
__global__ void __launch_bounds__(L::kBlockThreads) embedding_kernel(const EmbeddingArgs args) {
  const Row<L> row(args.cols);
  const NormParameter<L> gamma(args.gamma, row), beta(args.beta, row);
  wait_for_predecessors();
  if (row.index >= args.rows) return;
  const int id = args.ids[row.index];
  const int position = args.positions[row.index];
  const int type = args.types[row.index];
  Raw<L, kToken> token_raw;
  Raw<L, ElementType::f16> position_raw, type_raw;
  load<L>(row, args.token_table, id, token_raw);
  load<L>(row, args.position_table, position, position_raw);
  load<L>(row, args.type_table, type, type_raw);
  const float token_scale = args.token_row_scale != nullptr ? args.token_row_scale[id] : 1.0f;
  release_successors();
  Values<L> values;
  if constexpr (kToken == ElementType::s8)
    add_s8<L, true>(
        token_raw, [&](int) { return same<L>(token_scale); }, values);
  else
    add_f16<L, true>(token_raw, values);
  add_f16<L, false>(position_raw, values);
  add_f16<L, false>(type_raw, values);
  normalize<L>(row, gamma, beta, args.epsilon, values);
  write_row<L>(row, values, args.out, args.nonfinite);
}

bool all_aligned(const EmbeddingArgs& args) {
  return rows::is_aligned(args.token_table, args.token_type) &&
         rows::is_aligned(args.position_table, args.table_type) &&
         rows::is_aligned(args.type_table, args.table_type) &&
         rows::is_aligned(args.gamma, ElementType::f32) &&
         rows::is_aligned(args.beta, ElementType::f32) && rows::is_aligned(args.out);
}

}  // namespace

void embedding(const EmbeddingArgs& args, const Geometry& geometry) {
  with_layout(geometry, [&](auto layout) {
    with_type(args.token_type, [&](auto token) {
      launch(embedding_kernel<decltype(layout), token>,
             dim3(static_cast<unsigned>(geometry.blocks)),
             dim3(static_cast<unsigned>(geometry.block_threads)), 0, args);
    });
  });
}

}  // namespace rows

void embedding(const EmbeddingArgs& args) {
  if (args.rows == 0) return;
  rows::require_type(args.token_type, /*s8_allowed=*/true, "embedding");
  rows::require_type(args.table_type, /*s8_allowed=*/false, "embedding");
  rows::require_output(args.out, "embedding");
  rows::embedding(args, rows::choose_geometry(args.rows, args.cols, rows::all_aligned(args),
                                              device().multiprocessors));
}

}  // namespace herosweep::kernels::cuda
