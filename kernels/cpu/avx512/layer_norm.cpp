#include "kernels/cpu/avx512/rows.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/row_operators.h"

namespace herosweep::kernels::cpu::avx512 {

void layer_norm(const LayerNormArgs& args) { layer_norm_rows<Rows>(args); }

}  // namespace herosweep::kernels::cpu::avx512
