#include "kernels/reference/row_normalizer.h"

#include <cmath>

namespace herosweep::kernels::reference {

void normalize_row(float* row, int cols, const float* gamma, const float* beta, float epsilon) {
  double sum = 0.0;
  for (int j = 0; j < cols; ++j) sum += static_cast<double>(row[j]);
  const double mean = sum / cols;
  double squares = 0.0;
  for (int j = 0; j < cols; ++j) {
    const double centred = static_cast<double>(row[j]) - mean;
    squares += centred * centred;
  }
  const double inverse_deviation = 1.0 / std::sqrt(squares / cols + static_cast<double>(epsilon));
  for (int j = 0; j < cols; ++j) {
    const double normal = (static_cast<double>(row[j]) - mean) * inverse_deviation;
    row[j] = static_cast<float>(normal) * gamma[j] + beta[j];
  }
}

}  // namespace herosweep::kernels::reference
