#include <stdexcept>

#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda {

void attention(const AttentionArgs&) { throw std::logic_error("pending"); }
namespace portable {
void gemm(const GemmArgs&) { throw std::logic_error("pending"); }
}  // namespace portable

}  // namespace herosweep::kernels::cuda
