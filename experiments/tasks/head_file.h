// The identity and the file of a fitted head.
#pragma once

#include <string>

#include "experiments/tasks/task.h"

namespace herosweep::tasks {

/// SHA-256 over the bytes of mean, std, weight and bias.
std::string hash_of(const FittedHead& head);

}  // namespace herosweep::tasks
