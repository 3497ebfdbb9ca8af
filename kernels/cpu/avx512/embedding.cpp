#include "kernels/cpu/avx512/rows.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/row_operators.h"

namespace herosweep::kernels::cpu::avx512 {

void embedding(const EmbeddingArgs& args) { embedding_rows<Rows>(args); }

}  // namespace herosweep::kernels::cpu::avx512
