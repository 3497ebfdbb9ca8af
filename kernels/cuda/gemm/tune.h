// Measures tiles on this device: what `tile_table.h` chooses from.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/gemm/tile_table.h"
#include "kernels/layer_norm.h"

namespace herosweep::kernels::cuda::sm90 {

/// Something to time: `call` enqueues work on the device's stream and may be captured in a graph.
struct Contender {
  std::string name;
  std::function<void()> call;
};

struct TimingOptions {
  int calls = 20;  // in one graph, back to back; fewer for long ones, see kLongestGraph in tune.cpp
  int rounds = 11;  // each runs every contender's graph once, in random order
};

/// Microseconds of one call, [contender][round]. The contenders take turns in every round, so that
/// values of one round are comparable. Throws what a contender throws.
std::vector<std::vector<double>> time_interleaved(const std::vector<Contender>& contenders,
                                                  const TimingOptions& options);

double median(std::vector<double> values);

/// Operands, scales, bias and outputs of one GEMM in device memory: random values (never zeros,
/// which draw less power and run faster), the epilogue vectors that a pass sets.
class GemmProblem {
 public:
  GemmProblem(Family family, const GemmSize& size, Activation activation = Activation::none);
  ~GemmProblem();
  GemmProblem(const GemmProblem&) = delete;
  GemmProblem& operator=(const GemmProblem&) = delete;
  const GemmArgs& args() const { return args_; }
  /// Writes x, and its token scales, as a layer norm in front of the GEMM does.
  void write_x() const;

 private:
  void* random(size_t count, ElementType type);
  float* constant(int count, float value);

  GemmArgs args_;
  LayerNormArgs norm_;
  std::vector<void*> blocks_;
};

/// The median time that every tile of `family` adds at `size` to a chain of layer norms. Behind
/// itself a GEMM would start in what its predecessor leaves free, as it never does in a pass.
/// Throws CudaError, std::bad_alloc.
/// REQUIRES: compute capability 9.0, a shape that `supports` accepts.
std::vector<TileTime> tune(Family family, const GemmSize& size, const TimingOptions& options = {},
                           Activation activation = Activation::none);

}  // namespace herosweep::kernels::cuda::sm90
