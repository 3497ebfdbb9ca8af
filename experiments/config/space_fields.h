// The fields of `sweep:`: modules, plans, axes, constraints, one layer at a time.
#pragma once

#include <vector>

#include "experiments/config/field.h"
#include "experiments/sweep/space.h"

namespace herosweep::config {

const std::vector<Field<sweep::Space>>& space_fields();

}  // namespace herosweep::config
