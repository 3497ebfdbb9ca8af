#include "kernels/cuda/attention/f16_kernel.cuh"
#include "kernels/cuda/attention/f16_short.cuh"
#include "kernels/cuda/attention/launch.cuh"

namespace herosweep::kernels::cuda {
namespace {

template <class Shape>
void launch_shape(const AttentionParams& params, AttentionGrid grid) {
  launch_attention<f16::attend<Shape>, Shape::kBytes>(params, grid, Shape::kQueries, f16::kThreads,
                                                      Shape::kBytes);
}

template <int kHead>
void launch_short(const AttentionParams& params, AttentionGrid grid) {
  using Shape = ShortLayout<uint16_t, kHead>;
  launch_attention<f16::attend_short<Shape>, Shape::kBytes>(params, grid, Shape::kQueries,
                                                            Shape::kThreads, Shape::kBytes);
}

void launch_whole_heads(const AttentionParams& params, AttentionGrid grid) {
  const bool is_short = grid.longest <= kShortRows;
  if (params.head_size == 32)
    is_short ? launch_short<32>(params, grid)
             : launch_shape<f16::Layout<32, 2, 64, 2, true>>(params, grid);
  else if (params.head_size == 64)
    is_short ? launch_short<64>(params, grid)
             : launch_shape<f16::Layout<64, 2, 64, 2, true>>(params, grid);
  else
    launch_shape<f16::Layout<128, 2, 64, 2, true>>(params, grid);
}

bool takes_wgmma(const AttentionParams& params, AttentionGrid grid) {
  constexpr int64_t kMostItems = int64_t{1} << 30;  // which are numbered as int
  const int64_t items = int64_t{grid.longest} * grid.heads * grid.sequences;
  return device().use_sm90 && params.whole_heads && items <= kMostItems;
}

}  // namespace

void launch_attention_f16(const AttentionParams& params, AttentionGrid grid) {
  if (takes_wgmma(params, grid)) return launch_attention_f16_sm90(params, grid);
  if (params.whole_heads) return launch_whole_heads(params, grid);
  // Head size, tiles of 16 queries a warp, keys a block, blocks a multiprocessor.
  if (params.head_size <= 32)
    launch_shape<f16::Layout<32, 2, 64, 2>>(params, grid);
  else if (params.head_size <= 64)
    launch_shape<f16::Layout<64, 2, 64, 2>>(params, grid);
  else if (params.head_size <= 96)
    launch_shape<f16::Layout<96, 1, 64, 2>>(params, grid);
  else if (params.head_size <= 128)
    launch_shape<f16::Layout<128, 1, 64, 2>>(params, grid);
  else
    launch_shape<f16::Layout<256, 1, 32, 2>>(params, grid);
}

}  // namespace herosweep::kernels::cuda
