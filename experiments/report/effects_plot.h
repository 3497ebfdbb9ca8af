// Main effects as a picture: one line a module, its effect with an interval.
#pragma once

#include <string>
#include <vector>

#include "experiments/report/picture.h"

namespace herosweep::report {

struct EffectBar {
  std::string name;
  double value = 0, low = 0, high = 0;  // low and high: its 95 % interval
};

/// Effects beside a line at zero, in the order given. Throws std::invalid_argument when empty.
Picture draw_effects(const std::string& title, const std::string& unit,
                     const std::vector<EffectBar>& effects);

}  // namespace herosweep::report
