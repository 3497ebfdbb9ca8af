// A small seeded generator whose draws are the same with every compiler and library (the
// distributions of <random> are not). xoshiro256** (Blackman and Vigna 2018), its state filled by
// SplitMix64 (Steele, Lea and Flood 2014).
#pragma once

#include <array>
#include <cstdint>

namespace herosweep::stats {

class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t next();
  /// Uniform in [0, bound), without bias. REQUIRES: bound > 0.
  uint32_t below(uint32_t bound);

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace herosweep::stats
