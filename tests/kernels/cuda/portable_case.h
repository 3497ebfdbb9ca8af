// GEMM cases for the portable family: a chosen tile on the device, the reference on the host.
#pragma once

#include "kernels/cuda/gemm/portable.h"
#include "tests/kernels/cuda/device_backend.h"
#include "tests/kernels/gemm_case.h"

namespace herosweep::kernels {

/// Operand types on the host; f32 stands for f16 on the device.
struct OperandPair {
  ElementType x;
  ElementType w;
};
inline constexpr OperandPair kOperandPairs[] = {{ElementType::s8, ElementType::s8},
                                                {ElementType::s8, ElementType::s4},
                                                {ElementType::f32, ElementType::f32},
                                                {ElementType::f32, ElementType::s8},
                                                {ElementType::f32, ElementType::s4}};

/// device_backend() with every GEMM on the portable family and `size`, until the next call.
const Backend& portable_backend(cuda::portable::TileSize size);

/// A case with FP16 values where it is floating point.
GemmCase portable_case(const GemmShape& shape, const OperandPair& pair);
/// Draws every vector of the epilogue: outputs with a standard deviation of about 1, INT8 steps of
/// about 1/40.
void draw_epilogue(GemmCase& gemm, unsigned seed);

/// A case of INT8 activations whose rows are all the first one, and a bias that takes every sum to
/// 0. Exact while the sums are below 2^24 (k <= 1,023): the bias is FP32.
GemmCase cancelled(GemmCase gemm);

/// Runs `gemm` and checks the outputs of `kind` against `expected`: FP16 within half an ulp and the
/// error of FP32 arithmetic, INT8 as docs/numerics.md allows, the flag exactly.
void check_agrees(const GemmCase& gemm, OutputKind kind, const Backend& backend,
                  const GemmResult& expected);
/// The same on the portable family.
void check_on_device(const GemmCase& gemm, OutputKind kind, cuda::portable::TileSize size,
                     const GemmResult& expected);

}  // namespace herosweep::kernels
