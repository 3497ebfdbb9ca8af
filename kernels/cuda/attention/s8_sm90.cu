// INT8 attention on WGMMA: the choice of a kernel.
#include "kernels/cuda/attention/launch.cuh"
#include "kernels/cuda/attention/s8_sm90_short.cuh"
#include "kernels/cuda/tensor_map.h"

namespace herosweep::kernels::cuda {
namespace {

s8::ItemParams item_params(const AttentionParams& params, AttentionGrid grid, int groups, int count,
                           int blocks) {
  s8::ItemParams items{};
  items.two_groups = groups - 1;
  items.heads = cutlass::FastDivmod(grid.heads);
  items.each = count / blocks;
  items.more = count % blocks;
  items.inverse_scale =
      params.out.inverse_scale != nullptr ? params.out.inverse_scale : device().ones;
  items.unit = params.scale_v / 255.0f;
  return items;
}

template <class Shape, auto kKernel>
void launch_items(const AttentionParams& params, AttentionGrid grid) {
  allow_shared_memory<kKernel, kMostSpreadBytes>();
  const auto row_bytes = static_cast<uint64_t>(3 * grid.heads * Shape::kHead);
  const CUtensorMap qkv = describe_boxes({params.qkv, row_bytes, static_cast<uint64_t>(grid.rows)},
                                         Shape::kHead, s8::kBoxRows);
  const int groups = (grid.longest + f16::kGroupQueries - 1) / f16::kGroupQueries;
  const int count = groups * grid.heads * grid.sequences;
  const int most = s8::kItemBlocks * device().multiprocessors;
  const int rounds = (count + most - 1) / most;
  const int blocks = (count + rounds - 1) / rounds;
  launch(kKernel, dim3(static_cast<unsigned>(blocks)), dim3(f16::kGroupThreads),
         spread_bytes(blocks, Shape::kBytes), params, qkv,
         item_params(params, grid, groups, count, blocks));
}

template <int kHead>
void launch_short(const AttentionParams& params, AttentionGrid grid) {
  using Shape = s8::HeadLayout<kHead>;
  if (params.static_range)
    launch_items<Shape, s8::attend_items<Shape, true>>(params, grid);
  else
    launch_items<Shape, s8::attend_items<Shape, false>>(params, grid);
}

}  // namespace

void launch_attention_s8_sm90(const AttentionParams& params, AttentionGrid grid) {
  if (params.head_size == 32)
    launch_short<32>(params, grid);
  else
    launch_short<64>(params, grid);
}

}  // namespace herosweep::kernels::cuda
