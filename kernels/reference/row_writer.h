// What `Output` means, one row at a time: shared by the reference operators that hold whole rows.
#pragma once

#include "kernels/types.h"

namespace herosweep::kernels::reference {

/// amax / divisor; 1 when that is zero or below FLT_MIN, so that an all-zero row stays zero.
float symmetric_scale(float amax, const Int8Range& range);

/// clamp(rint(scaled), low, high), half to even; 0 for NaN (its operator raises the flag).
int8_t quantize_scaled(float scaled, const Int8Range& range);

/// Writes row `row` (y, `cols` FP32 values) to every pointer that `out` sets. Returns false when a
/// value of y, or a value to be quantized, is NaN or infinite: its INT8 bytes then mean nothing.
bool write_row(const float* y, int row, int cols, const Output& out);

/// residual or x of layer norm: element (row, col) in FP32.
float dequantize(const Operand& operand, int row, int col, int cols);

}  // namespace herosweep::kernels::reference
