#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "experiments/stats/random.h"
#include "experiments/stats/stats.h"

namespace herosweep::stats {

Random::Random(uint64_t seed) {
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15u;
    uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    word = mixed ^ (mixed >> 31);
  }
}

uint64_t Random::next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint32_t Random::below(uint32_t bound) {
  // The high word of a 32 x 32 bit product is uniform once the low words that occur once too often
  // are rejected (Lemire 2019).
  const uint32_t rejected = (0u - bound) % bound;
  while (true) {
    const uint64_t product = (next() >> 32) * bound;
    if (static_cast<uint32_t>(product) >= rejected) return static_cast<uint32_t>(product >> 32);
  }
}

Interval percentile_interval(std::vector<double> statistics, double confidence) {
  // A resample without any variance has no correlation: such values say nothing and are left out.
  std::erase_if(statistics, [](double value) { return std::isnan(value); });
  if (statistics.empty()) {
    const double undefined = std::numeric_limits<double>::quiet_NaN();
    return {undefined, undefined};
  }
  std::sort(statistics.begin(), statistics.end());
  const double tail = (1.0 - confidence) / 2.0;
  return {quantile_of_sorted(statistics, tail), quantile_of_sorted(statistics, 1.0 - tail)};
}

namespace {

/// Calls `visit` with every resample's indices [n].
void for_each_resample(int n, int resamples, uint64_t seed,
                       const std::function<void(std::span<const int>)>& visit) {
  Random random(seed);
  std::vector<int> drawn(static_cast<size_t>(n));
  for (int resample = 0; resample < resamples; ++resample) {
    for (int& index : drawn) index = static_cast<int>(random.below(static_cast<uint32_t>(n)));
    visit(drawn);
  }
}

}  // namespace

Interval bootstrap(int n, int resamples, uint64_t seed,
                   const std::function<double(std::span<const int>)>& statistic,
                   double confidence) {
  std::vector<double> statistics;
  for_each_resample(n, resamples, seed,
                    [&](std::span<const int> drawn) { statistics.push_back(statistic(drawn)); });
  return percentile_interval(std::move(statistics), confidence);
}

std::vector<double> bootstrap_statistics(
    int n, int resamples, uint64_t seed,
    const std::function<double(std::span<const int>)>& statistic) {
  std::vector<double> statistics;
  std::vector<int> counts(static_cast<size_t>(n));
  for_each_resample(n, resamples, seed, [&](std::span<const int> drawn) {
    std::fill(counts.begin(), counts.end(), 0);
    for (int index : drawn) ++counts[static_cast<size_t>(index)];
    statistics.push_back(statistic(counts));
  });
  return statistics;
}

Interval bootstrap_counts(int n, int resamples, uint64_t seed,
                          const std::function<double(std::span<const int>)>& statistic,
                          double confidence) {
  return percentile_interval(bootstrap_statistics(n, resamples, seed, statistic), confidence);
}

}  // namespace herosweep::stats
