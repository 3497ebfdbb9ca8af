// Fused attention on CUDA: checks, and the choice of a kernel. Formulas: kernels/attention.h.
// Twin: kernels/reference/attention.cpp.
#include <algorithm>
#include <cfloat>
#include <cstdint>
#include <stdexcept>

#include "kernels/cuda/attention/params.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda {
namespace {

constexpr int kLargestHead = 256;
constexpr int kMostSequences = 65535;  // gridDim.z
constexpr float kLog2E = 1.44269504088896340736f;

bool is_aligned(const void* pointer, size_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

AttentionParams params_of(const AttentionArgs& args) {
  AttentionParams params{};
  params.qkv = args.qkv;
  params.offsets = args.offsets;
  params.lengths = args.lengths;
  params.heads = args.heads;
  params.head_size = args.head_size;
  const float scale = args.scale_q * args.scale_k * args.score_scale * kLog2E;
  // Masked keys have a score of -inf, and -inf * 0 is NaN.
  params.exponent_scale = scale == 0.0f ? FLT_MIN : scale;
  params.scale_v = args.scale_v;
  params.static_range = args.softmax == SoftmaxMode::static_range;
  params.out = args.out;
  params.nonfinite = args.nonfinite;
  const int element_bytes = args.type == ElementType::s8 ? 1 : 2;
  params.vector_loads = args.head_size * element_bytes % 16 == 0 && is_aligned(args.qkv, 16);
  params.vector_stores =
      args.head_size % 4 == 0 && is_aligned(args.out.f16, 8) && is_aligned(args.out.s8, 4);
  const bool is_tile_width = args.head_size == 32 || args.head_size == 64 || args.head_size == 128;
  params.whole_heads = is_tile_width && params.vector_loads && is_aligned(args.out.f16, 16) &&
                       is_aligned(args.out.s8, 16) && is_aligned(args.out.inverse_scale, 16);
  return params;
}

}  // namespace

void attention(const AttentionArgs& args) {
  if (args.type == ElementType::f32 || args.type == ElementType::s4)
    throw std::invalid_argument("attention on CUDA reads FP16 or INT8");
  if (args.head_size < 1 || args.head_size > kLargestHead)
    throw std::invalid_argument("attention takes head sizes from 1 to 256");
  if (args.longest == 0 || args.rows == 0 || args.heads == 0) return;
  AttentionParams params = params_of(args);
  for (int first = 0; first < args.sequences; first += kMostSequences) {
    params.offsets = args.offsets + first;
    params.lengths = args.lengths == nullptr ? nullptr : args.lengths + first;
    const AttentionGrid grid{args.longest, args.rows, args.heads,
                             std::min(args.sequences - first, kMostSequences)};
    if (args.type == ElementType::s8)
      launch_attention_s8(params, grid);
    else
      launch_attention_f16(params, grid);
  }
}

}  // namespace herosweep::kernels::cuda
