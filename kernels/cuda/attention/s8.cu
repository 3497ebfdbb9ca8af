#include "kernels/cuda/attention/launch.cuh"
#include "kernels/cuda/attention/s8_kernel.cuh"
#include "kernels/cuda/attention/s8_long.cuh"
#include "kernels/cuda/attention/s8_short.cuh"

namespace herosweep::kernels::cuda {
namespace {

template <int kHead>
void launch_size(const AttentionParams& params, AttentionGrid grid) {
  using Shape = s8::Layout<kHead>;
  launch_attention<s8::attend<kHead>, Shape::bytes(2)>(
      params, grid, s8::kQueries, s8::kThreads, Shape::bytes(grid.longest > Shape::kKeys ? 2 : 1));
}

template <class Shape, auto kRowMaximum, auto kStaticRange>
void launch_mode(const AttentionParams& params, AttentionGrid grid) {
  if (params.static_range)
    launch_attention<kStaticRange, Shape::kBytes>(params, grid, Shape::kQueries, Shape::kThreads,
                                                  Shape::kBytes);
  else
    launch_attention<kRowMaximum, Shape::kBytes>(params, grid, Shape::kQueries, Shape::kThreads,
                                                 Shape::kBytes);
}

template <int kHead, int kQueries>
void launch_short_blocks(const AttentionParams& params, AttentionGrid grid) {
  using Shape = ShortLayout<uint8_t, kHead, kQueries>;
  launch_mode<Shape, s8::attend_short<Shape, false>, s8::attend_short<Shape, true>>(params, grid);
}

template <int kHead>
void launch_short(const AttentionParams& params, AttentionGrid grid) {
  if (halves_queries(grid))
    launch_short_blocks<kHead, kShortRows / 2>(params, grid);
  else
    launch_short_blocks<kHead, kShortRows>(params, grid);
}

template <int kHead>
void launch_long(const AttentionParams& params, AttentionGrid grid) {
  using Shape = s8::LongLayout<kHead>;
  launch_mode<Shape, s8::attend_long<Shape, false>, s8::attend_long<Shape, true>>(params, grid);
}

void launch_whole_heads(const AttentionParams& params, AttentionGrid grid) {
  const bool is_short = grid.longest <= kShortRows;
  if (params.head_size == 32)
    is_short ? launch_short<32>(params, grid) : launch_long<32>(params, grid);
  else if (params.head_size == 64)
    is_short ? launch_short<64>(params, grid) : launch_long<64>(params, grid);
  else
    launch_long<128>(params, grid);
}

/// The WGMMA kernel's conversion to bytes clamps at 127.
bool takes_wgmma(const AttentionParams& params, AttentionGrid grid) {
  return device().use_sm90 && params.whole_heads && params.head_size <= 64 &&
         grid.longest <= kShortRows && params.out.range.high == 127 &&
         grid.heads * params.head_size <= kConstants;
}

}  // namespace

void launch_attention_s8(const AttentionParams& params, AttentionGrid grid) {
  if (takes_wgmma(params, grid)) return launch_attention_s8_sm90(params, grid);
  if (params.whole_heads) return launch_whole_heads(params, grid);
  if (params.head_size <= 32)
    launch_size<32>(params, grid);
  else if (params.head_size <= 64)
    launch_size<64>(params, grid);
  else if (params.head_size <= 96)
    launch_size<96>(params, grid);
  else if (params.head_size <= 128)
    launch_size<128>(params, grid);
  else
    launch_size<256>(params, grid);
}

}  // namespace herosweep::kernels::cuda
