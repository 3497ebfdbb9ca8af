// The random draws that C++ and Python must make alike.
#pragma once

#include <cstdint>
#include <vector>

namespace herosweep::quant {

/// The first `wanted` (at most n) entries of torch.randperm(n) on a CPU generator seeded with
/// `seed`: the rows of a training split that calibration reads, in that order.
std::vector<int64_t> calibration_rows(int64_t n, uint64_t seed, int wanted);

}  // namespace herosweep::quant
