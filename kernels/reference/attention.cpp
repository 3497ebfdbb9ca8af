#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "kernels/reference/operators.h"
#include "kernels/reference/row_writer.h"

namespace herosweep::kernels::reference {
namespace {

/// Q, K or V (part 0, 1, 2) of one head, addressed by row and feature.
template <typename T>
struct HeadView {
  const T* data;
  size_t row_stride;

  HeadView(const AttentionArgs& args, int part, int head)
      : data(static_cast<const T*>(args.qkv) +
             static_cast<size_t>(part * args.heads + head) * static_cast<size_t>(args.head_size)),
        row_stride(3 * static_cast<size_t>(args.heads) * static_cast<size_t>(args.head_size)) {}

  T at(int row, int feature) const {
    return data[static_cast<size_t>(row) * row_stride + static_cast<size_t>(feature)];
  }
};

/// Scores of one query against `keys` keys: exact INT32 sums for INT8, double sums for FP32, so
/// that neither depends on the order of summation.
template <typename T, typename Sum>
std::vector<float> scores_of(const AttentionArgs& args, int head, int query, int first_key,
                             int keys) {
  const HeadView<T> q(args, 0, head);
  const HeadView<T> k(args, 1, head);
  const float scale = args.scale_q * args.scale_k * args.score_scale;
  std::vector<float> scores(static_cast<size_t>(keys));
  for (int j = 0; j < keys; ++j) {
    Sum sum = 0;
    for (int c = 0; c < args.head_size; ++c) {
      sum += static_cast<Sum>(q.at(query, c)) * static_cast<Sum>(k.at(first_key + j, c));
    }
    scores[static_cast<size_t>(j)] = static_cast<float>(sum) * scale;
  }
  return scores;
}

/// scores <- exp(scores - max); returns their sum in FP32.
float exponentiate(std::vector<float>& scores) {
  const float maximum = *std::max_element(scores.begin(), scores.end());
  double sum = 0.0;
  for (float& score : scores) {
    score = std::exp(score - maximum);
    sum += static_cast<double>(score);
  }
  return static_cast<float>(sum);
}

void weigh_values_f32(const AttentionArgs& args, int head, int first_key,
                      const std::vector<float>& exps, float sum, float* out) {
  const HeadView<float> v(args, 2, head);
  for (int c = 0; c < args.head_size; ++c) {
    double weighted = 0.0;
    for (size_t j = 0; j < exps.size(); ++j) {
      weighted += static_cast<double>(exps[j]) *
                  static_cast<double>(v.at(first_key + static_cast<int>(j), c));
    }
    out[c] = static_cast<float>(weighted / static_cast<double>(sum));
  }
}

void weigh_values_s8(const AttentionArgs& args, int head, int first_key,
                     const std::vector<float>& exps, float sum, float* out) {
  const HeadView<int8_t> v(args, 2, head);
  const bool rowmax = args.softmax == SoftmaxMode::rowmax;
  const float factor = rowmax ? args.scale_v / (255.0f * sum) : args.scale_v / 255.0f;
  for (int c = 0; c < args.head_size; ++c) {
    int32_t acc = 0;
    for (size_t j = 0; j < exps.size(); ++j) {
      const float probability = rowmax ? exps[j] : exps[j] / sum;
      // A NaN scale reaches the output through the sum; the cast must not see it.
      const float e = std::isnan(probability) ? 0.0f : std::nearbyint(255.0f * probability);
      acc +=
          static_cast<int32_t>(e) * static_cast<int32_t>(v.at(first_key + static_cast<int>(j), c));
    }
    out[c] = static_cast<float>(acc) * factor;
  }
}

/// One query row of one head: head_size values to `out`.
void attend(const AttentionArgs& args, int head, int query, int first_key, int keys, float* out) {
  std::fill(out, out + args.head_size, 0.0f);
  if (keys == 0) return;
  if (args.type == ElementType::s8) {
    auto exps = scores_of<int8_t, int32_t>(args, head, query, first_key, keys);
    const float sum = exponentiate(exps);
    weigh_values_s8(args, head, first_key, exps, sum, out);
  } else {
    auto exps = scores_of<float, double>(args, head, query, first_key, keys);
    const float sum = exponentiate(exps);
    weigh_values_f32(args, head, first_key, exps, sum, out);
  }
}

}  // namespace

void attention(const AttentionArgs& args) {
  const int cols = args.heads * args.head_size;
  std::vector<float> row(static_cast<size_t>(cols));
  for (int s = 0; s < args.sequences; ++s) {
    const int begin = args.offsets[s];
    const int end = args.offsets[s + 1];
    const int keys = args.lengths != nullptr ? args.lengths[s] : end - begin;
    for (int query = begin; query < end; ++query) {
      for (int head = 0; head < args.heads; ++head) {
        attend(args, head, query, begin, keys, row.data() + head * args.head_size);
      }
      const bool finite = write_row(row.data(), query, cols, args.out);
      if (!finite && args.nonfinite != nullptr) *args.nonfinite = true;
    }
  }
}

}  // namespace herosweep::kernels::reference
