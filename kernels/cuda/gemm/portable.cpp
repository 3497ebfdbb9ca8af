#include "kernels/cuda/gemm/portable.h"

#include <stdexcept>

#include "kernels/cuda/device.h"
#include "kernels/cuda/operators.h"

namespace herosweep::kernels::cuda {
namespace portable {
namespace {

struct Tile {
  TileSize size;
  int rows;  // and columns
  // Share of the multiprocessor's peak that blocks of this size reach once there are enough of
  // them: small tiles read each operand from shared memory more often.
  double efficiency;
};
constexpr Tile kTiles[] = {
    {TileSize::t128x128, 128, 1.0}, {TileSize::t64x64, 64, 0.8}, {TileSize::t32x32, 32, 0.45}};

int64_t tiles_along(int size, int tile) { return (int64_t{size} + tile - 1) / tile; }

bool is_aligned(const void* pointer, size_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

Problem describe(const GemmArgs& args) {
  constexpr size_t kCopyBytes = 16;
  constexpr int kVector = 4;  // elements that one thread stores at a time
  const Output& out = args.out;
  Problem problem{};
  problem.x = args.x;
  problem.w = args.w.data;
  problem.x_row_bytes = int64_t{args.w.k} * (args.x_type == ElementType::f16 ? 2 : 1);
  problem.w_row_bytes = static_cast<int64_t>(packed_row_bytes(args.w.type, args.w.k));
  problem.m = args.m;
  problem.n = args.w.n;
  problem.token_scale = args.token_scale;
  problem.row_scale = args.row_scale;
  problem.bias = args.bias;
  problem.inverse_scale = out.inverse_scale;
  problem.f16 = out.f16;
  problem.s8 = out.s8;
  problem.nonfinite = args.nonfinite;
  problem.low = static_cast<float>(out.range.low);
  problem.high = static_cast<float>(out.range.high);
  problem.activation = args.activation;
  problem.store_vectors = args.w.n % kVector == 0 &&
                          is_aligned(out.f16, kVector * sizeof(uint16_t)) &&
                          is_aligned(out.s8, kVector);
  problem.aligned = problem.x_row_bytes % kCopyBytes == 0 && is_aligned(args.x, kCopyBytes);
  return problem;
}

using Launcher = void (*)(const Problem&, TileSize);

Launcher launcher_of(ElementType x, ElementType w) {
  if (x == ElementType::s8 && w == ElementType::s8) return launch_pair<S8S8>;
  if (x == ElementType::s8 && w == ElementType::s4) return launch_pair<S8S4>;
  if (x == ElementType::f16 && w == ElementType::f16) return launch_pair<F16F16>;
  if (x == ElementType::f16 && w == ElementType::s8) return launch_pair<F16S8>;
  if (x == ElementType::f16 && w == ElementType::s4) return launch_pair<F16S4>;
  throw std::invalid_argument(
      "GEMM on CUDA: x must be s8 (with w of s8 or s4) or f16 (with w of f16, s8 or s4)");
}

}  // namespace

TileSize choose(int m, int n, int multiprocessors) {
  TileSize best = TileSize::t128x128;
  double least = 0;
  for (const Tile& tile : kTiles) {
    const int64_t blocks = tiles_along(m, tile.rows) * tiles_along(n, tile.rows);
    const int64_t rounds = (blocks + multiprocessors - 1) / multiprocessors;
    const double time = static_cast<double>(rounds) * tile.rows * tile.rows / tile.efficiency;
    if (least == 0 || time < least) {
      least = time;
      best = tile.size;
    }
  }
  return best;
}

void gemm(const GemmArgs& args, TileSize size) {
  if (args.m == 0) return;
  if (args.out.f32 != nullptr || args.out.token_scale != nullptr)
    throw std::invalid_argument(
        "GEMM on CUDA writes f16 and s8 without fresh token scales; ask for those");
  launcher_of(args.x_type, args.w.type)(describe(args), size);
}

void gemm(const GemmArgs& args) { gemm(args, choose(args.m, args.w.n, device().multiprocessors)); }

}  // namespace portable
}  // namespace herosweep::kernels::cuda
