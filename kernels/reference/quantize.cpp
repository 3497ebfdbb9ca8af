#include "kernels/quantize.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/reference/activation.h"
#include "kernels/reference/operators.h"
#include "kernels/reference/row_writer.h"

namespace herosweep::kernels::reference {

void quantize(const QuantizeArgs& args) {
  const size_t cols = static_cast<size_t>(args.cols);
  std::vector<float> row(cols);
  for (int t = 0; t < args.rows; ++t) {
    const float* x = static_cast<const float*>(args.x) + static_cast<size_t>(t) * cols;
    // GELU of minus infinity is a finite number: x tells too.
    bool finite = true;
    for (size_t j = 0; j < cols; ++j) {
      finite = finite && std::isfinite(x[j]);
      row[j] = activate(args.activation, x[j]);
    }
    finite = write_row(row.data(), t, args.cols, args.out) && finite;
    if (!finite && args.nonfinite != nullptr) *args.nonfinite = true;
  }
}

}  // namespace herosweep::kernels::reference
