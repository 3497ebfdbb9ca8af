// The fields of a sweep file, top level first.
#pragma once

#include "experiments/config/field.h"
#include "experiments/sweep/space.h"

namespace herosweep::config {

const std::vector<Field<sweep::SweepRequest>>& sweep_file_fields();

/// What `backend: auto` means here: cuda where it is usable, else cpu.
std::string auto_backend();

}  // namespace herosweep::config
