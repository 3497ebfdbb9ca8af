#include "kernels/quantize.h"

#include <immintrin.h>

#include <cstring>

#include "kernels/cpu/avx512/gelu.h"
#include "kernels/cpu/avx512/rows.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/row_operators.h"

namespace herosweep::kernels::cpu::avx512 {
namespace {

constexpr int kGeluDegree = 5;

void gelu_row(const GeluTable& table, const float* x, int cols, float* y) {
  for (int j = 0; j < cols; j += 16) {
    const __mmask16 valid = cols - j >= 16 ? 0xffff : static_cast<__mmask16>((1 << (cols - j)) - 1);
    const __m512 value = gelu<kGeluDegree>(_mm512_maskz_loadu_ps(valid, x + j), table);
    _mm512_mask_storeu_ps(y + j, valid, value);
  }
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
  quantize_rows<Rows>(
      args, [&table](const float* x, int cols, float* y) { gelu_row(table, x, cols, y); });
}

}  // namespace herosweep::kernels::cpu::avx512
