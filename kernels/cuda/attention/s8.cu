#include "kernels/cuda/attention/launch.cuh"
#include "kernels/cuda/attention/s8_kernel.cuh"

namespace herosweep::kernels::cuda {
namespace {

template <int kHead>
void launch_size(const AttentionParams& params, AttentionGrid grid) {
  using Shape = s8::Layout<kHead>;
  launch_attention<s8::attend<kHead>, Shape::bytes(2)>(
      params, grid, s8::kQueries, s8::kThreads, Shape::bytes(grid.longest > Shape::kKeys ? 2 : 1));
}

}  // namespace

void launch_attention_s8(const AttentionParams& params, AttentionGrid grid) {
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
