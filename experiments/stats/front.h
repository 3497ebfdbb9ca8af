// Domination between points whose coordinates are all to be minimised.
#pragma once

#include <span>

namespace herosweep::stats {

/// Whether `a` is at least as good as `b` in every coordinate and better in one. REQUIRES: equal
/// lengths.
bool dominates(std::span<const double> a, std::span<const double> b);

}  // namespace herosweep::stats
