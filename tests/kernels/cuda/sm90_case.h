// GEMM cases for the SM90 tiles: chosen tiles on the device, the reference on the host.
#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/gemm/sm90.h"
#include "tests/kernels/cuda/device_backend.h"
#include "tests/kernels/gemm_case.h"

namespace herosweep::kernels {

/// Shapes around the edges of tiles (64, 96, 128, 192, 256 wide and high; k-tiles of 64 to 256).
std::vector<GemmShape> sm90_shapes();
/// Shapes of more tiles than multiprocessors, down and across.
std::vector<GemmShape> sm90_many_tiles();

/// device_backend() with every GEMM on `tile`, until the next call.
const Backend& device_backend_with(const cuda::sm90::Tile& tile);

/// A case of the operand type, with FP16 values where it is floating point.
GemmCase sm90_case(const GemmShape& shape, ElementType operand);
/// Draws every epilogue vector so that outputs have a standard deviation of about `deviation`.
void draw_epilogue(GemmCase& gemm, float deviation, unsigned seed);

/// Elements of INT8 outputs that differ by one; -1 where one differs by more.
int flips(const std::vector<int8_t>& actual, const std::vector<int8_t>& expected);
/// docs/numerics.md, section 1.
int allowed_flips(size_t elements);

/// The largest |actual - expected| in units of what FP16 rounding and an FP32 sum of k products of
/// standard normals may differ by; conforming when at most 1.
double worst_half_error(const std::vector<float>& actual, const std::vector<float>& expected,
                        double sum_error);

}  // namespace herosweep::kernels
