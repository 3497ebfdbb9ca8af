#include "experiments/stats/front.h"

namespace herosweep::stats {

bool dominates(std::span<const double> a, std::span<const double> b) {
  bool better = false;
  for (size_t d = 0; d < a.size(); ++d) {
    if (a[d] > b[d]) return false;
    better |= a[d] < b[d];
  }
  return better;
}

}  // namespace herosweep::stats
