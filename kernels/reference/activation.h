// Activations of the reference, one value at a time.
#pragma once

#include <cmath>

#include "kernels/types.h"

namespace herosweep::kernels::reference {

/// gelu_erf:  x/2 * (1 + erf(x / sqrt(2))), written with erfc so that the negative tail does not
///            cancel.
/// gelu_tanh: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))).
inline float activate(Activation activation, float x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::gelu_erf:
      return 0.5f * x * std::erfc(-x * 0.70710678f);
    case Activation::gelu_tanh:
      return 0.5f * x * (1.0f + std::tanh(0.79788456f * (x + 0.044715f * x * x * x)));
  }
  return x;
}

}  // namespace herosweep::kernels::reference
