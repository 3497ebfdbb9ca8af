#include "kernels/layer_norm.h"

#include <cstddef>
#include <vector>

#include "kernels/reference/operators.h"
#include "kernels/reference/row_normalizer.h"
#include "kernels/reference/row_writer.h"

namespace herosweep::kernels::reference {

void layer_norm(const LayerNormArgs& args) {
  std::vector<float> row(static_cast<size_t>(args.cols));
  for (int t = 0; t < args.rows; ++t) {
    for (int j = 0; j < args.cols; ++j) {
      float z = dequantize(args.residual, t, j, args.cols);
      if (args.x.data != nullptr) z += dequantize(args.x, t, j, args.cols);
      row[static_cast<size_t>(j)] = z;
    }
    normalize_row(row.data(), args.cols, args.gamma, args.beta, args.epsilon);
    const bool finite = write_row(row.data(), t, args.cols, args.out);
    if (!finite && args.nonfinite != nullptr) *args.nonfinite = true;
  }
}

}  // namespace herosweep::kernels::reference
