// Shapes that reach every layout of the CUDA row operators.
#pragma once

#include <random>
#include <vector>

namespace herosweep::kernels {

struct RowShape {
  int rows;
  int cols;
};

/// Few rows of every width: a block to a row, vectors and scalars.
std::vector<RowShape> few_rows();
/// More rows than a wave of blocks: several vectors a thread, then
/// a warp to a row. The widths are those of models and their neighbours.
std::vector<RowShape> many_rows();
/// A random shape of at most about 300,000 elements, and up to 16,384 columns.
RowShape random_shape(std::mt19937& random);

}  // namespace herosweep::kernels
