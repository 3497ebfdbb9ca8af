#include "core/quant/sampling.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>

#include <algorithm>

namespace herosweep::quant {

std::vector<int64_t> calibration_rows(int64_t n, uint64_t seed, int wanted) {
  const int64_t count = std::clamp<int64_t>(wanted, 0, std::max<int64_t>(n, 0));
  if (count == 0) return {};
  const at::Tensor permutation =
      at::randperm(n, at::Generator(at::detail::createCPUGenerator(seed)), at::kLong);
  const int64_t* rows = permutation.const_data_ptr<int64_t>();
  return std::vector<int64_t>(rows, rows + count);
}

}  // namespace herosweep::quant
