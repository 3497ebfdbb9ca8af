#include "kernels/cpu/operators.h"
#include "kernels/cpu/portable/rows.h"
#include "kernels/cpu/row_operators.h"

namespace herosweep::kernels::cpu::portable {

void layer_norm(const LayerNormArgs& args) { layer_norm_rows<Rows>(args); }

}  // namespace herosweep::kernels::cpu::portable
