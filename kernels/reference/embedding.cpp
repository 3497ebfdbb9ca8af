#include "kernels/embedding.h"

#include <cstddef>
#include <vector>

#include "kernels/reference/operators.h"
#include "kernels/reference/row_normalizer.h"
#include "kernels/reference/row_writer.h"

namespace herosweep::kernels::reference {

void embedding(const EmbeddingArgs& args) {
  const Operand token{args.token_type, args.token_table, args.token_row_scale, nullptr};
  const Operand position{ElementType::f32, args.position_table, nullptr, nullptr};
  const Operand type{ElementType::f32, args.type_table, nullptr, nullptr};
  std::vector<float> row(static_cast<size_t>(args.cols));
  for (int t = 0; t < args.rows; ++t) {
    for (int j = 0; j < args.cols; ++j) {
      row[static_cast<size_t>(j)] = dequantize(token, args.ids[t], j, args.cols) +
                                    dequantize(position, args.positions[t], j, args.cols) +
                                    dequantize(type, args.types[t], j, args.cols);
    }
    normalize_row(row.data(), args.cols, args.gamma, args.beta, args.epsilon);
    const bool finite = write_row(row.data(), t, args.cols, args.out);
    if (!finite && args.nonfinite != nullptr) *args.nonfinite = true;
  }
}

}  // namespace herosweep::kernels::reference
