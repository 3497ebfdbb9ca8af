// Weights that the register tile cannot multiply as they are stored, converted a run of steps at a
// time into scratch memory.
#pragma once

#include "kernels/cpu/avx512/gemm_layout.h"

namespace herosweep::kernels::cpu::avx512 {

/// s4 panel -> s8 steps (w + 8 a byte). `first_step` and `steps` count steps of four k;
/// REQUIRES an even first_step; writes an even number of steps.
void unpack_s4(const uint8_t* panel, int first_step, int steps, uint8_t* out);

/// s8 or s4 panel -> f32 steps (w as FP32). `first_k` is a multiple of 8; writes ceil(ks / 8) * 8
/// steps.
void unpack_to_f32(ElementType type, const uint8_t* panel, int first_k, int ks, float* out);

}  // namespace herosweep::kernels::cpu::avx512
