#include <type_traits>

#include "kernels/cuda/attention/launch.cuh"
#include "kernels/cuda/attention/s8_kernel.cuh"
#include "kernels/cuda/attention/s8_short.cuh"

namespace herosweep::kernels::cuda {
namespace {

template <int kHead>
void launch_size(const AttentionParams& params, AttentionGrid grid) {
  using Shape = s8::Layout<kHead>;
  launch_attention<s8::attend<kHead>, Shape::bytes(2)>(
      params, grid, s8::kQueries, s8::kThreads, Shape::bytes(grid.longest > Shape::kKeys ? 2 : 1));
}

template <int kHead>
void launch_short(const AttentionParams& params, AttentionGrid grid) {
  using Shape = ShortLayout<uint8_t, kHead>;
  const auto launch_mode = [&](auto static_range) {
    launch_attention<s8::attend_short<Shape, decltype(static_range)::value>, Shape::kBytes>(
        params, grid, Shape::kRows, Shape::kThreads, Shape::kBytes);
  };
  if (params.static_range)
    launch_mode(std::true_type{});
  else
    launch_mode(std::false_type{});
}

}  // namespace

void launch_attention_s8(const AttentionParams& params, AttentionGrid grid) {
  const bool is_short = params.whole_heads && grid.longest <= kShortRows;
  if (is_short && params.head_size == 32) return launch_short<32>(params, grid);
  if (is_short && params.head_size == 64) return launch_short<64>(params, grid);
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
