// The SM90 GEMMs of this backend against CUTLASS tiles with a plain epilogue and cuBLAS FP16, at
// the shapes of BERT-base, BERT-large and GPT-J-like layers. Graphs of up to 20 calls, every
// contender once a round in random order, random data; medians in microseconds, and ratios of one
// round's times with an interval that holds the true median ratio with 95 % (order statistics).
//
//   herosweep_bench_cuda_gemm                 the comparison
//   herosweep_bench_cuda_gemm --tiles         also every tile of ours
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "kernels/bench/cuda_gemm_peers.h"
#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device.h"

namespace herosweep::kernels::bench {
namespace {

using namespace cuda::sm90;

struct Layer {
  int n, k;
};
constexpr Layer kLayers[] = {{2304, 768},   {768, 768},   {3072, 768},  {768, 3072},
                             {3072, 1024},  {1024, 1024}, {4096, 1024}, {1024, 4096},
                             {16384, 4096}, {4096, 16384}};
constexpr int kRows[] = {128, 1024, 2048, 4096, 8192};

constexpr Family kBytes{ElementType::s8, ElementType::s8};
constexpr Family kBytesToHalf{ElementType::s8, ElementType::f16};
constexpr Family kHalf{ElementType::f16, ElementType::f16};
constexpr TimingOptions kSelection{20, 5};
constexpr TimingOptions kComparison{20, 21};

struct Best {
  Contender contender;
  double microseconds = 0;
};

Best fastest(const std::vector<Contender>& contenders) {
  const auto times = time_interleaved(contenders, kSelection);
  size_t best = 0;
  for (size_t i = 1; i < times.size(); ++i)
    if (median(times[i]) < median(times[best])) best = i;
  return {contenders[best], median(times[best])};
}

/// Median of a/b by rounds, and the order statistics that bound it with 95 %.
std::string ratio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios(a.size());
  std::transform(a.begin(), a.end(), b.begin(), ratios.begin(), std::divides<>());
  std::sort(ratios.begin(), ratios.end());
  const double n = static_cast<double>(ratios.size());
  const auto low = static_cast<size_t>(std::max(0.0, std::floor(n / 2 - 0.98 * std::sqrt(n))));
  char text[64];
  std::snprintf(text, sizeof text, "%.2f [%.2f, %.2f]", ratios[ratios.size() / 2], ratios[low],
                ratios[ratios.size() - 1 - low]);
  return text;
}

Contender contender(const Tile& tile, const GemmArgs& args) {
  return {tile.name, [run = tile.run, args] { run(args); }};
}

Contender chosen(const GemmProblem& problem) {
  const GemmArgs& args = problem.args();
  return contender(tiles(family_of(args))[static_cast<size_t>(choose(args))], args);
}

/// Four times as many outputs as inputs have a GELU in a model, and the tile that is fastest with
/// it; without it another one may be.
Contender without_gelu(const GemmProblem& problem) {
  const GemmArgs& args = problem.args();
  if (args.w.n != 4 * args.w.k) return chosen(problem);
  std::vector<Contender> contenders;
  for (const Tile& tile : tiles(family_of(args))) contenders.push_back(contender(tile, args));
  return fastest(contenders).contender;
}

void print_tiles(Family family, const GemmSize& size) {
  std::printf("    %s:", name(family).c_str());
  for (const TileTime& time : tune(family, size, kSelection))
    std::printf(" %.2f", time.microseconds);
  std::printf("\n");
}

void compare(const GemmSize& size, bool print_all_tiles) {
  const GemmProblem bytes(kBytes, size), gelu(kBytes, size, Activation::gelu_erf);
  const GemmProblem to_half(kBytesToHalf, size), half(kHalf, size);
  auto plain_tiles = plain_narrow_tiles(bytes.args());
  for (Contender& tile : plain_wide_tiles(bytes.args())) plain_tiles.push_back(std::move(tile));
  const Best plain = fastest(plain_tiles);
  const Best cublas = fastest(cublas_algorithms(half.args()));
  const std::vector<Contender> contenders{without_gelu(bytes),   chosen(gelu),
                                          without_gelu(to_half), without_gelu(half),
                                          plain.contender,       cublas.contender};
  const auto times = time_interleaved(contenders, kComparison);
  std::printf(
      "%5d %5d %5d | %7.2f %7.2f %7.2f %7.2f | %7.2f %7.2f | %-19s %-19s %-19s %-19s | %s / "
      "%s / %s / plain %s\n",
      size.m, size.n, size.k, median(times[0]), median(times[1]), median(times[2]),
      median(times[3]), median(times[4]), median(times[5]), ratio(times[4], times[0]).c_str(),
      ratio(times[5], times[0]).c_str(), ratio(times[5], times[3]).c_str(),
      ratio(times[1], times[0]).c_str(), contenders[0].name.c_str(), contenders[2].name.c_str(),
      contenders[3].name.c_str(), plain.contender.name.c_str());
  if (print_all_tiles)
    for (const Family family : families()) print_tiles(family, size);
  std::fflush(stdout);
}

void compare_all(bool print_all_tiles) {
  std::printf(
      "    m     n     k |   s8-s8   +gelu  s8-f16 f16-f16 |   plain  cublas | plain/s8-s8"
      "         cublas/s8-s8        cublas/f16-f16      gelu/s8-s8          | tiles\n");
  for (const Layer& layer : kLayers)
    for (const int rows : kRows) compare({rows, layer.n, layer.k}, print_all_tiles);
}

int main_checked(int argc, char** argv) {
  const std::string option = argc > 1 ? argv[1] : "";
  const CudaStatus status = cuda_status();
  if (!status.usable || !cuda::device().use_sm90) {
    std::fprintf(stderr, "this benchmark needs compute capability 9.0: %s\n",
                 status.reason.c_str());
    return 1;
  }
  std::printf("# %s, %d multiprocessors, driver %d, runtime %d\n", status.device.c_str(),
              status.multiprocessors, status.driver, status.runtime);
  if (option.empty() || (option == "--tiles" && argc == 2)) {
    compare_all(option == "--tiles");
  } else {
    std::fprintf(stderr, "usage: %s [--tiles]\n", argv[0]);
    return 2;
  }
  return 0;
}

}  // namespace
}  // namespace herosweep::kernels::bench

int main(int argc, char** argv) {
  try {
    return herosweep::kernels::bench::main_checked(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
