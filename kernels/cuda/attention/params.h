// What the attention kernels are told, and their launchers.
#pragma once

#include <cstdint>

#include "kernels/attention.h"

namespace herosweep::kernels::cuda {

/// The device's part of AttentionArgs; all pointers are device pointers.
struct AttentionParams {
  const void* qkv;
  const int32_t* offsets;
  const int32_t* lengths;  // or null
  int heads;
  int head_size;
  float exponent_scale;  // exp(a_ij - max) = 2^((q_i . k_j - max q_i . k) * exponent_scale); not 0
  float scale_v;
  bool static_range;  // SoftmaxMode of INT8
  Output out;
  bool* nonfinite;
  bool vector_loads;   // every head of qkv starts at a multiple of 16 bytes
  bool vector_stores;  // four features may be stored at once: head_size % 4 = 0, pointers aligned
  bool whole_heads;    // head_size is 32, 64 or 128, and all of qkv, out and inverse_scale may be
                       // accessed by 16 bytes
};

struct AttentionGrid {
  int longest;
  int rows;  // of qkv
  int heads;
  int sequences;  // at most 65535
};

void launch_attention_s8(const AttentionParams& params, AttentionGrid grid);
void launch_attention_f16(const AttentionParams& params, AttentionGrid grid);
/// On WGMMA. REQUIRE Device::use_sm90 and AttentionParams::whole_heads; INT8 also heads of 32 or 64
/// and sequences of at most 128 rows.
void launch_attention_s8_sm90(const AttentionParams& params, AttentionGrid grid);
void launch_attention_f16_sm90(const AttentionParams& params, AttentionGrid grid);

}  // namespace herosweep::kernels::cuda
