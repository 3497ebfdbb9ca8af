// A two-level full factorial: responses [2^k], in which factor i is high where bit i of the index
// is set (Box, Hunter and Hunter, Statistics for Experimenters).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace herosweep::stats {

/// Weights [2^k] whose product with the responses is the effect of the factors in `mask`: of one
/// factor, the mean response where it is high minus that where it is low; of two, half the
/// difference between the first one's effects with the second high and low. REQUIRES: mask != 0.
std::vector<double> effect_weights(int factors, uint32_t mask);

/// Sum of weights[i] * responses[i].
double contrast(std::span<const double> weights, std::span<const double> responses);

/// What the mean and the main effects alone predict, the least-squares fit, [2^k].
std::vector<double> additive_fit(std::span<const double> responses);

}  // namespace herosweep::stats
