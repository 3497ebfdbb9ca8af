#include <utility>
#include <vector>

#include "kernels/cuda/cuda.h"
#include "kernels/cuda/device.h"
#include "kernels/cuda/gemm/tune.h"

namespace herosweep::kernels {

namespace {

constexpr int kRows[] = {128, 256, 512, 1024, 2048, 4096, 8192, 16384};
// Output and input features of the GEMMs of MiniLM, BERT-base and BERT-large.
constexpr std::pair<int, int> kWeights[] = {{1152, 384},  {384, 384},   {1536, 384},  {384, 1536},
                                            {2304, 768},  {768, 768},   {3072, 768},  {768, 3072},
                                            {3072, 1024}, {1024, 1024}, {4096, 1024}, {1024, 4096}};

}  // namespace

std::string measure_tile_table(const std::function<void(int done, int total)>& progress) {
  if (!cuda::device().use_sm90)
    throw CudaError("only the kernels for compute capability 9.0 have tiles to choose from",
                    /*no_memory=*/false);
  const auto families = cuda::sm90::families();
  const int total = static_cast<int>(families.size() * std::size(kRows) * std::size(kWeights));
  std::vector<cuda::sm90::TileTime> times;
  int done = 0;
  for (const auto family : families)
    for (const int m : kRows)
      for (const auto& [n, k] : kWeights) {
        for (auto& time : cuda::sm90::tune(family, {m, n, k})) times.push_back(std::move(time));
        progress(++done, total);
      }
  return cuda::sm90::TileTable(std::move(times)).text();
}

}  // namespace herosweep::kernels
