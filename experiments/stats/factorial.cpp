#include "experiments/stats/factorial.h"

#include <bit>
#include <numeric>

namespace herosweep::stats {

std::vector<double> effect_weights(int factors, uint32_t mask) {
  const size_t runs = size_t{1} << factors;
  const double size = 2.0 / static_cast<double>(runs);
  std::vector<double> weights(runs);
  for (size_t run = 0; run < runs; ++run) {
    const int low = std::popcount(mask & ~static_cast<uint32_t>(run));
    weights[run] = low % 2 == 0 ? size : -size;
  }
  return weights;
}

double contrast(std::span<const double> weights, std::span<const double> responses) {
  return std::inner_product(weights.begin(), weights.end(), responses.begin(), 0.0);
}

std::vector<double> additive_fit(std::span<const double> responses) {
  const int factors = std::countr_zero(responses.size());
  const double mean = std::accumulate(responses.begin(), responses.end(), 0.0) /
                      static_cast<double>(responses.size());
  std::vector<double> fit(responses.size(), mean);
  for (int factor = 0; factor < factors; ++factor) {
    const uint32_t bit = uint32_t{1} << factor;
    const double half = contrast(effect_weights(factors, bit), responses) / 2;
    for (size_t run = 0; run < fit.size(); ++run) fit[run] += run & bit ? half : -half;
  }
  return fit;
}

}  // namespace herosweep::stats
