#include <utility>
#include <vector>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/gemm/tune.h"

namespace herosweep::kernels {

namespace {

constexpr int kRows[] = {16, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384};
/// A linear layer of a transformer: output and input features, what follows.
struct Layer {
  int n, k;
  Activation activation = Activation::none;
};
// Of MiniLM, BERT-base, BERT-large and GPT-J. Only fc1 has four times as many outputs as inputs,
// and GELU, whose cost decides which tile is fastest.
constexpr Layer kLayers[] = {{1152, 384},
                             {384, 384},
                             {1536, 384, Activation::gelu_erf},
                             {384, 1536},
                             {2304, 768},
                             {768, 768},
                             {3072, 768, Activation::gelu_erf},
                             {768, 3072},
                             {3072, 1024},
                             {1024, 1024},
                             {4096, 1024, Activation::gelu_erf},
                             {1024, 4096},
                             {16384, 4096, Activation::gelu_tanh},
                             {4096, 16384}};
constexpr int64_t kMostProducts = int64_t{8192} * 16384 * 4096;  // of larger shapes none is timed

std::vector<std::pair<cuda::sm90::GemmSize, Activation>> shapes() {
  std::vector<std::pair<cuda::sm90::GemmSize, Activation>> all;
  for (const int m : kRows)
    for (const Layer& layer : kLayers)
      if (int64_t{m} * layer.n * layer.k <= kMostProducts)
        all.push_back({{m, layer.n, layer.k}, layer.activation});
  return all;
}

}  // namespace

std::string measure_tile_table(const std::function<void(int done, int total)>& progress) {
  if (!cuda::device().use_sm90)
    throw CudaError("only the kernels for compute capability 9.0 have tiles to choose from",
                    /*no_memory=*/false);
  const auto& families = cuda::sm90::families();
  const auto all = shapes();
  const int total = static_cast<int>(families.size() * all.size());
  std::vector<cuda::sm90::TileTime> times;
  int done = 0;
  for (const auto family : families)
    for (const auto& [size, activation] : all) {
      for (const auto& time : cuda::sm90::tune(family, size, {}, activation)) times.push_back(time);
      progress(++done, total);
    }
  return cuda::sm90::TileTable::loaded().updated(std::move(times)).text();
}

}  // namespace herosweep::kernels
