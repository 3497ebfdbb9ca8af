// FP16 attention on WGMMA: the choice of a kernel.
#include <algorithm>
#include <numeric>

#include "kernels/cuda/attention/f16_sm90_long.cuh"
#include "kernels/cuda/attention/f16_sm90_short.cuh"
#include "kernels/cuda/attention/launch.cuh"

namespace herosweep::kernels::cuda {
namespace {

template <class Shape>
void launch_heads(const AttentionParams& params, AttentionGrid grid) {
  const int blocks =
      (grid.longest + Shape::kQueries - 1) / Shape::kQueries * grid.heads * grid.sequences;
  launch_attention<f16::attend_heads<Shape>, std::max(Shape::kBytes, kMostSpreadBytes)>(
      params, grid, Shape::kQueries, f16::kGroupThreads, spread_bytes(blocks, Shape::kBytes));
}

template <int kHead>
void launch_short(const AttentionParams& params, AttentionGrid grid) {
  if (halves_queries(grid))
    launch_heads<f16::HeadLayout<kHead, 1>>(params, grid);
  else
    launch_heads<f16::HeadLayout<kHead, 2>>(params, grid);
}

/// A sequence's last item has fewer queries. With a shift that leaves rounds and blocks of queries
/// without a common divisor, every block of the grid gets its part of them.
f16::Items share_items(AttentionGrid grid, int queries) {
  f16::Items items{};
  items.blocks = (grid.longest + queries - 1) / queries;
  items.count = items.blocks * grid.heads * grid.sequences;
  const int width = std::min(items.count, device().multiprocessors);
  while (items.shift + 1 < width && std::gcd(width + items.shift, items.blocks) != 1) ++items.shift;
  return items;
}

template <int kHead, int kKeys>
void launch_long(const AttentionParams& params, AttentionGrid grid) {
  using Shape = f16::RingLayout<kHead, kKeys>;
  constexpr auto kKernel = f16::attend_ring<Shape>;
  allow_shared_memory<kKernel, Shape::kBytes>();
  const f16::Items items = share_items(grid, Shape::kQueries);
  launch(kKernel, dim3(static_cast<unsigned>(std::min(items.count, device().multiprocessors))),
         dim3(Shape::kThreads), Shape::kBytes, params, items);
}

}  // namespace

void launch_attention_f16_sm90(const AttentionParams& params, AttentionGrid grid) {
  const bool is_short = grid.longest <= kShortRows;
  if (params.head_size == 32)
    is_short ? launch_short<32>(params, grid) : launch_long<32, 128>(params, grid);
  else if (params.head_size == 64)
    is_short ? launch_short<64>(params, grid) : launch_long<64, 128>(params, grid);
  else
    launch_long<128, 64>(params, grid);
}

}  // namespace herosweep::kernels::cuda
