// The message of the ModelError that an action ends with.
#pragma once

#include <string>

#include "core/util/error.h"

namespace herosweep::test {

/// "(no error)" when the action succeeds; other exceptions pass through and fail the test.
template <typename Action>
std::string model_error(const Action& action) {
  try {
    action();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace herosweep::test
