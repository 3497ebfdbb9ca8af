#include "kernels/quantize.h"

#include <cstring>

#include "kernels/cpu/gelu_table.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/portable/rows.h"
#include "kernels/cpu/row_operators.h"

namespace herosweep::kernels::cpu::portable {
namespace {

constexpr int kGeluDegree = 5;

// The method stands in kernels/cpu/gelu_table.h.
float gelu(float x, const GeluTable& table) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float magnitude = __builtin_fabsf(x);
  const float a = (magnitude < kGeluLimit ? magnitude : kGeluLimit) * kGeluScale;
  const float shifted = a + kRound;
  const int interval = __builtin_bit_cast(int32_t, shifted) & (kGeluIntervals - 1);
  const float d = a - (shifted - kRound);
  float h = table.c[kGeluDegree][interval];
  for (int p = kGeluDegree - 1; p >= 0; --p) h = h * d + table.c[p][interval];
  return (0.0f > x ? 0.0f : x) - h;  // this order keeps a NaN
}

}  // namespace

void quantize(const QuantizeArgs& args) {
  if (args.activation == Activation::none) {
    quantize_rows<Rows>(args, [](const float* x, int cols, float* y) {
      std::memcpy(y, x, sizeof(float) * static_cast<size_t>(cols));
    });
    return;
  }
  const GeluTable& table = gelu_table(args.activation, kGeluDegree);
  quantize_rows<Rows>(args, [&table](const float* x, int cols, float* y) {
    for (int j = 0; j < cols; ++j) y[j] = gelu(x[j], table);
  });
}

}  // namespace herosweep::kernels::cpu::portable
