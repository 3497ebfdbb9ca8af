// The UINT8 probabilities of attention, see `probabilities`.
#include <algorithm>
#include <cmath>

#include "tests/catch.h"
#include "tests/kernels/attention_checks.h"

namespace herosweep::kernels {
namespace {

void check_every_isa(const AttentionCase& c) {
  for (const Backend* backend : cpu_instruction_sets()) check_probabilities(c, *backend, kSingle);
}

}  // namespace

TEST_CASE("attention's probabilities agree with the reference in at most 0.1 % by 1") {
  for (const SoftmaxMode mode : {SoftmaxMode::rowmax, SoftmaxMode::static_range}) {
    for (const int head_size : {32, 40, 64}) {
      for (const int length : {1, 17, 128}) {
        AttentionCase c(2, head_size, {length}, ElementType::s8);
        c.softmax = mode;
        check_every_isa(c);
      }
    }
  }
}

TEST_CASE("attention's probabilities follow docs/numerics.md") {
  AttentionCase c(1, 32, {29}, ElementType::s8);
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const Backend* backend : backends) {
    CAPTURE(backend->isa);
    const std::vector<int> actual = probabilities(c, *backend, kSingle);
    size_t different = 0;
    for (int row = 0; row < 29; ++row) {
      const std::vector<double> scores = c.scores(0, row, 0);
      const double maximum = *std::max_element(scores.begin(), scores.end());
      for (size_t j = 0; j < 29; ++j) {
        const double e = std::nearbyint(255.0 * std::exp(scores[j] - maximum));
        different += actual[static_cast<size_t>(row) * 29 + j] != e ? 1 : 0;
      }
    }
    CHECK(different <= 2);
  }
}

TEST_CASE("attention's scores are exact at the ends of the INT8 range") {
  for (const int head_size : {5, 33, 64, 256})
    check_every_isa(case_with_cancelling_extremes(head_size));
}

TEST_CASE("attention's scores are exact where their sums are largest") {
  for (const int head_size : {128, 129, 256}) {
    for (const int q : {127, -128}) check_every_isa(case_with_largest_scores(head_size, q));
  }
}

TEST_CASE("attention's sums over many keys are exact") {
  // Q is zero: every probability is 255 and each output the plain sum of V, beyond 2^24.
  constexpr int kKeys = 800;
  AttentionCase c(1, 17, {kKeys}, ElementType::s8);
  std::mt19937 random(23);
  std::vector<int> sums(17, 0);
  for (int row = 0; row < kKeys; ++row) {
    for (int feature = 0; feature < 17; ++feature) {
      const int v = (feature % 2 == 0 ? 1 : -1) * static_cast<int>(101 + random() % 27);
      c.qkv_s8[c.qkv_index(row, 0, 0, feature)] = 0;
      c.qkv_s8[c.qkv_index(row, 2, 0, feature)] = static_cast<int8_t>(v);
      sums[static_cast<size_t>(feature)] += 255 * v;
    }
  }
  std::vector<const Backend*> backends = cpu_instruction_sets();
  backends.push_back(&reference_backend());
  for (const Backend* backend : backends) {
    CAPTURE(backend->isa);
    const std::vector<float> out = c.run(*backend, Format::f32).f32;
    const float factor = c.scale_v / (255.0f * kKeys);
    for (size_t feature = 0; feature < 17; ++feature) {
      CHECK(out[feature] == static_cast<float>(sums[feature]) * factor);
    }
  }
}

TEST_CASE("attention's probabilities sum to 255 times the exponentials' sum within rounding") {
  const AttentionCase c(1, 64, {128}, ElementType::s8);
  const std::vector<double> sums = exponential_sums(c);
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa);
    const std::vector<int> actual = probabilities(c, *backend, kSingle);
    for (size_t row = 0; row < sums.size(); ++row) {
      int sum = 0;
      for (size_t j = 0; j < 128; ++j) sum += actual[row * 128 + j];
      CHECK(std::fabs(sum - 255.0 * sums[row]) <= 0.5 * 128);
      CHECK(*std::max_element(actual.begin() + static_cast<long>(row * 128),
                              actual.begin() + static_cast<long>(row * 128 + 128)) == 255);
    }
  }
}

}  // namespace herosweep::kernels
