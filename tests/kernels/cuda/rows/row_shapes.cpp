#include "tests/kernels/cuda/rows/row_shapes.h"

#include <algorithm>

#include "kernels/cuda/cuda.h"

namespace herosweep::kernels {

std::vector<RowShape> few_rows() {
  std::vector<RowShape> shapes;
  for (const int rows : {1, 2, 7, 128}) {
    for (const int cols : {1, 3, 32, 384, 385, 768, 1000, 1024, 3072, 4096})
      shapes.push_back({rows, cols});
  }
  for (const int cols : {4100, 8192, 16383, 16384}) shapes.push_back({2, cols});
  return shapes;
}

std::vector<RowShape> many_rows() {
  const int multiprocessors = cuda_status().multiprocessors;
  std::vector<RowShape> shapes;
  for (const int rows : {multiprocessors * 4 + 1, 1000, multiprocessors * 10 + 3}) {
    for (const int cols : {3, 32, 128, 132, 384, 385, 768, 1000, 1024})
      shapes.push_back({rows, cols});
  }
  shapes.push_back({1000, 4096});
  return shapes;
}

RowShape random_shape(std::mt19937& random) {
  constexpr int kElements = 300'000;
  constexpr int kWidths[] = {40, 400, 1100, 5000, 16384};
  const int limit = kWidths[random() % 5];
  int cols = 1 + static_cast<int>(random() % static_cast<unsigned>(limit));
  if (random() % 2 == 0) cols = (cols + 3) / 4 * 4;
  const int most_rows = std::clamp(kElements / cols, 1, 3000);
  return {1 + static_cast<int>(random() % static_cast<unsigned>(most_rows)), cols};
}

}  // namespace herosweep::kernels
