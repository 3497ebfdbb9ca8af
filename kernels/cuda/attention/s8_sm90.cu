// INT8 attention on WGMMA: the choice of a kernel.
#include "kernels/cuda/attention/launch.cuh"
#include "kernels/cuda/attention/s8_sm90_short.cuh"

namespace herosweep::kernels::cuda {
namespace {

template <class Shape>
void launch_heads(const AttentionParams& params, AttentionGrid grid) {
  if (params.static_range)
    launch_attention<s8::attend_heads<Shape, true>, Shape::kBytes>(
        params, grid, Shape::kQueries, f16::kGroupThreads, Shape::kBytes);
  else
    launch_attention<s8::attend_heads<Shape, false>, Shape::kBytes>(
        params, grid, Shape::kQueries, f16::kGroupThreads, Shape::kBytes);
}

template <int kHead>
void launch_short(const AttentionParams& params, AttentionGrid grid) {
  if (halves_queries(grid))
    launch_heads<s8::HeadLayout<kHead, 1>>(params, grid);
  else
    launch_heads<s8::HeadLayout<kHead, 2>>(params, grid);
}

}  // namespace

void launch_attention_s8_sm90(const AttentionParams& params, AttentionGrid grid) {
  if (params.head_size == 32)
    launch_short<32>(params, grid);
  else
    launch_short<64>(params, grid);
}

}  // namespace herosweep::kernels::cuda
