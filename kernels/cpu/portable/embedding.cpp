#include "kernels/cpu/operators.h"
#include "kernels/cpu/portable/rows.h"
#include "kernels/cpu/row_operators.h"

namespace herosweep::kernels::cpu::portable {

void embedding(const EmbeddingArgs& args) { embedding_rows<Rows>(args); }

}  // namespace herosweep::kernels::cpu::portable
