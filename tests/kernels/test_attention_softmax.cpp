// The UINT8 probabilities of attention, made visible: with V one-hot and scale_v 1, output (i, c)
// is the probability of the key whose V has its 1 in feature c, over 255 (times the row's sum).
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tests/catch.h"
#include "tests/kernels/attention_case.h"

namespace herosweep::kernels {
namespace {

/// V of the keys [first, first + head_size) is one-hot, that of all others zero.
void make_values_one_hot(AttentionCase& c, int first) {
  for (int row = 0; row < c.rows(); ++row) {
    for (int head = 0; head < c.heads; ++head) {
      for (int feature = 0; feature < c.head_size; ++feature) {
        c.qkv_s8[c.qkv_index(row, 2, head, feature)] = row - first == feature ? 1 : 0;
      }
    }
  }
  c.scale_v = 1.0f;
}

/// Sum of exp(score - max) of every row of a single sequence: [rows, heads].
std::vector<double> exponential_sums(const AttentionCase& c) {
  std::vector<double> sums;
  for (int row = 0; row < c.rows(); ++row) {
    for (int head = 0; head < c.heads; ++head) {
      const std::vector<double> scores = c.scores(0, row, head);
      const double maximum = *std::max_element(scores.begin(), scores.end());
      double sum = 0.0;
      for (const double score : scores) sum += std::exp(score - maximum);
      sums.push_back(sum);
    }
  }
  return sums;
}

/// Probabilities [rows, heads, keys] of a single sequence in units of 1 / 255.
std::vector<int> probabilities(AttentionCase c, const Backend& backend) {
  const std::vector<double> sums = exponential_sums(c);
  const auto keys = static_cast<size_t>(c.keys(0));
  std::vector<int> result(sums.size() * keys);
  for (int first = 0; first < c.keys(0); first += c.head_size) {
    make_values_one_hot(c, first);
    const std::vector<float> out = c.run(backend, Format::f32).f32;
    for (size_t row = 0; row < sums.size(); ++row) {
      const double unit = c.softmax == SoftmaxMode::rowmax ? 255.0 * sums[row] : 255.0;
      for (int j = first; j < std::min(first + c.head_size, c.keys(0)); ++j) {
        const size_t feature =
            row * static_cast<size_t>(c.head_size) + static_cast<size_t>(j - first);
        const double probability = double{out[feature]} * unit;
        REQUIRE(std::fabs(probability - std::nearbyint(probability)) < 0.01);
        result[row * keys + static_cast<size_t>(j)] = static_cast<int>(std::nearbyint(probability));
      }
    }
  }
  return result;
}

void check_probabilities(const AttentionCase& c) {
  const std::vector<int> expected = probabilities(c, reference_backend());
  for (const Backend* backend : cpu_instruction_sets()) {
    CAPTURE(backend->isa, c.name());
    const std::vector<int> actual = probabilities(c, *backend);
    size_t flips = 0;
    int largest = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      const int distance = std::abs(actual[i] - expected[i]);
      largest = std::max(largest, distance);
      flips += distance != 0 ? 1 : 0;
    }
    CHECK(largest <= 1);
    CHECK(flips <= std::max<size_t>(2, expected.size() / 1000));
  }
}

}  // namespace

TEST_CASE("attention's probabilities agree with the reference in at most 0.1 % by 1") {
  for (const SoftmaxMode mode : {SoftmaxMode::rowmax, SoftmaxMode::static_range}) {
    for (const int head_size : {32, 40, 64}) {
      for (const int length : {1, 17, 128}) {
        AttentionCase c(2, head_size, {length}, ElementType::s8);
        c.softmax = mode;
        check_probabilities(c);
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
    const std::vector<int> actual = probabilities(c, *backend);
    size_t different = 0;
    for (int row = 0; row < 29; ++row) {
      const std::vector<double> scores = c.scores(0, row, 0);
      const double maximum = *std::max_element(scores.begin(), scores.end());
      for (int j = 0; j < 29; ++j) {
        const double e = std::nearbyint(255.0 * std::exp(scores[static_cast<size_t>(j)] - maximum));
        different += static_cast<double>(actual[static_cast<size_t>(row * 29 + j)]) != e ? 1 : 0;
      }
    }
    CHECK(different <= 2);
  }
}

TEST_CASE("attention's scores are exact at the ends of the INT8 range") {
  // Products at the ends of the range cancel, so that scores stay small: one unit of the INT32 sum
  // moves exp by 1 %, and a saturated or misplaced product shows at once.
  for (const int head_size : {5, 33, 64, 256}) {
    AttentionCase c(1, head_size, {70}, ElementType::s8);
    for (int row = 0; row < 70; ++row) {
      for (int feature = 0; feature < head_size; ++feature) {
        int q = row % 2 == 0 ? 127 : -128;
        int k = feature % 2 == 0 ? 127 : -128;
        if (feature == head_size - 1) {
          q = 1;
          k = row * 3 - 100;
        }
        c.qkv_s8[c.qkv_index(row, 0, 0, feature)] = static_cast<int8_t>(q);
        c.qkv_s8[c.qkv_index(row, 1, 0, feature)] = static_cast<int8_t>(k);
      }
    }
    c.scale_q = c.scale_k = 1.0f;
    c.score_scale = 0.01f;
    check_probabilities(c);
  }
}

TEST_CASE("attention's scores are exact where their sums are largest") {
  // Every product has one sign; a scale that is a power of two keeps the FP32 scores exact as well.
  for (const int head_size : {128, 129, 256}) {
    for (const int q : {127, -128}) {
      AttentionCase c(1, head_size, {40}, ElementType::s8);
      for (int row = 0; row < 40; ++row) {
        for (int feature = 0; feature < head_size; ++feature) {
          const bool varies = feature == head_size - 1;
          c.qkv_s8[c.qkv_index(row, 0, 0, feature)] = static_cast<int8_t>(varies ? 1 : q);
          c.qkv_s8[c.qkv_index(row, 1, 0, feature)] = static_cast<int8_t>(varies ? row * 5 : 127);
        }
      }
      c.scale_q = c.scale_k = 1.0f;
      c.score_scale = 0x1p-7f;
      check_probabilities(c);
    }
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
    const std::vector<int> actual = probabilities(c, *backend);
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
