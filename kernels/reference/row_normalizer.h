// Layer normalisation of one row, shared by the reference layer norm and embedding.
#pragma once

namespace herosweep::kernels::reference {

/// row[cols] <- (row - mean) / sqrt(var + epsilon) * gamma + beta. The two sums are double, so that
/// the result does not depend on their order.
void normalize_row(float* row, int cols, const float* gamma, const float* beta, float epsilon);

}  // namespace herosweep::kernels::reference
