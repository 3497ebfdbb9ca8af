// The errors that cross module borders. Every message says what, where, and what to do next.
#pragma once

#include <stdexcept>
#include <string>

namespace herosweep {

/// A model, its files, or what was asked of it is unusable.
struct ModelError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A quantization plan or calibration is illegal or incomplete.
struct PlanError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Evaluation data is missing or malformed.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The configuration is wrong; the message lists every problem, one a line, as file:line:column.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The results database cannot be used.
struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The machine lacks something; the message names the command that fixes it.
struct EnvironmentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace herosweep
