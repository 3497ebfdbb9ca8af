// The CUDA operators with host pointers in and out, so that the tests of kernels/ can run them:
// every input is copied to the device (floating-point ones as FP16), every output back (FP16 as
// FP32).
#pragma once

#include <vector>

#include "kernels/backend.h"

namespace herosweep::kernels {

/// Each call copies, runs and waits. What is given as `f32` should hold FP16 values: see `to_half`.
/// Guards behind outputs are kept: bytes behind [rows, cols] on the device are compared, and a
/// kernel that wrote past the end throws std::logic_error.
const Backend& device_backend();

/// What the gemm of `device_backend` does, with another kernel: `run` gets device pointers.
void gemm_on_device(const GemmArgs& host, void (*run)(const GemmArgs&));

/// Whether a test can run; prints why not to standard error the first time.
bool cuda_is_usable();

/// The same values, rounded to FP16.
void to_half(std::vector<float>& values);
float half_of(float value);

}  // namespace herosweep::kernels
