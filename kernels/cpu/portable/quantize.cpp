#include "kernels/quantize.h"

#include <cstring>

#include "kernels/cpu/operators.h"
#include "kernels/cpu/portable/gelu.h"
#include "kernels/cpu/portable/rows.h"
#include "kernels/cpu/row_operators.h"

namespace herosweep::kernels::cpu::portable {

void quantize(const QuantizeArgs& args) {
  if (args.activation == Activation::none) {
    quantize_rows<Rows>(args, [](const float* x, int cols, float* y) {
      std::memcpy(y, x, sizeof(float) * static_cast<size_t>(cols));
    });
    return;
  }
  const GeluTable& table = gelu_table(args.activation, kGeluMaxDegree);
  quantize_rows<Rows>(args, [&table](const float* x, int cols, float* y) {
    for (int j = 0; j < cols; ++j) y[j] = gelu(x[j], table);
  });
}

}  // namespace herosweep::kernels::cpu::portable
