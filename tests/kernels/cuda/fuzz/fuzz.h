// Random cases of every operator of the CUDA backend, each checked against the reference.
#pragma once

#include <random>

namespace herosweep::kernels::fuzz {

/// What one case draws from.
class Random {
 public:
  explicit Random(unsigned seed) : generator_(seed) {}
  int between(int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(generator_);
  }
  /// Small numbers as often as large ones: each octave has the same weight.
  int octaves(int high);
  bool one_in(int count) { return between(1, count) == 1; }
  unsigned seed() { return generator_(); }
  std::mt19937& generator() { return generator_; }

 private:
  std::mt19937 generator_;
};

/// Any shape and pair of types, every epilogue; exact where only integers are summed.
void check_random_gemm(Random& random);
/// Ragged sequences, empty ones too, any head size, both softmax modes.
void check_random_attention(Random& random);
void check_random_layer_norm(Random& random);
void check_random_embedding(Random& random);
void check_random_quantize(Random& random);

}  // namespace herosweep::kernels::fuzz
