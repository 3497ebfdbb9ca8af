// The part of attention_checks.h that looks at UINT8 probabilities.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tests/catch.h"
#include "tests/kernels/attention_checks.h"

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

}  // namespace

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

std::vector<int> probabilities(AttentionCase c, const Backend& backend,
                               const AttentionArithmetic& arithmetic) {
  const std::vector<double> sums = exponential_sums(c);
  const auto keys = static_cast<size_t>(c.keys(0));
  // Of a multiple of 1 / 255: the output's own rounding, at most 255 of them.
  const double distance = 0.01 + 255.0 * arithmetic.output_rounding;
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
        REQUIRE(std::fabs(probability - std::nearbyint(probability)) < distance);
        result[row * keys + static_cast<size_t>(j)] = static_cast<int>(std::nearbyint(probability));
      }
    }
  }
  return result;
}

void check_probabilities(const AttentionCase& c, const Backend& backend,
                         const AttentionArithmetic& arithmetic) {
  CAPTURE(backend.isa, c.name());
  const std::vector<int> expected = probabilities(c, reference_backend(), kSingle);
  const std::vector<int> actual = probabilities(c, backend, arithmetic);
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

AttentionCase case_with_cancelling_extremes(int head_size) {
  // Products at the ends of the range cancel, so that scores stay small: one unit of the INT32 sum
  // moves exp by 1 %, and a saturated or misplaced product shows at once.
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
  return c;
}

AttentionCase case_with_largest_scores(int head_size, int q) {
  // Every product has one sign; a scale that is a power of two keeps the FP32 scores exact as well.
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
  return c;
}

}  // namespace herosweep::kernels
