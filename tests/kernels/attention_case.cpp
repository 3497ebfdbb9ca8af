#include "tests/kernels/attention_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace herosweep::kernels {

AttentionCase::AttentionCase(int head_count, int size_of_head,
                             const std::vector<int>& sequence_lengths, ElementType element_type)
    : heads(head_count),
      head_size(size_of_head),
      offsets{0},
      type(element_type),
      score_scale(1.0f / std::sqrt(static_cast<float>(size_of_head))) {
  for (const int length : sequence_lengths) offsets.push_back(offsets.back() + length);
  std::mt19937 random(3);
  const size_t count = 3 * static_cast<size_t>(rows()) * static_cast<size_t>(cols());
  qkv_f32 = normal_values(random, count, 1.3f);
  inverse_scale = uniform_values(random, static_cast<size_t>(cols()), 60.0f, 200.0f);
  if (type == ElementType::f32) return;
  // As a calibrated scale would: three deviations are 127.
  scale_q = scale_k = scale_v = 3.9f / 127.0f;
  for (const float value : qkv_f32) {
    const float q = std::clamp(std::nearbyint(value / scale_q), -127.0f, 127.0f);
    qkv_s8.push_back(static_cast<int8_t>(q));
  }
}

RowOutputs AttentionCase::run(const Backend& backend, Format format) const {
  RowOutputs outputs;
  AttentionArgs a;
  a.heads = heads;
  a.head_size = head_size;
  a.sequences = static_cast<int>(offsets.size()) - 1;
  a.offsets = offsets.data();
  a.lengths = lengths.empty() ? nullptr : lengths.data();
  a.type = type;
  a.qkv = qkv_f32.data();
  if (type == ElementType::s8) a.qkv = qkv_s8.data();
  a.scale_q = scale_q;
  a.scale_k = scale_k;
  a.scale_v = scale_v;
  a.score_scale = score_scale;
  a.softmax = softmax;
  a.out = outputs.bind(format, rows(), cols(), inverse_scale);
  a.out.range = range;
  a.nonfinite = &outputs.nonfinite;
  backend.attention(a);
  outputs.check_guards();
  return outputs;
}

std::string AttentionCase::name() const {
  std::string text =
      fmt::format("{} {} heads {} size {} rows", type == ElementType::s8 ? "s8" : "f32",
                  softmax == SoftmaxMode::rowmax ? "rowmax" : "static", heads, head_size);
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    text += fmt::format(" {}({})", offsets[s + 1] - offsets[s], keys(static_cast<int>(s)));
  }
  return text;
}

size_t AttentionCase::qkv_index(int row, int part, int head, int feature) const {
  return (static_cast<size_t>(row) * 3 + static_cast<size_t>(part)) * static_cast<size_t>(cols()) +
         static_cast<size_t>(head * head_size + feature);
}

int AttentionCase::longest() const {
  int length = 0;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    length = std::max(length, static_cast<int>(offsets[s + 1] - offsets[s]));
  }
  return length;
}

int AttentionCase::keys(int sequence) const {
  const auto s = static_cast<size_t>(sequence);
  return lengths.empty() ? offsets[s + 1] - offsets[s] : lengths[s];
}

std::vector<double> AttentionCase::scores(int sequence, int query, int head) const {
  const int begin = offsets[static_cast<size_t>(sequence)];
  const auto value = [this](size_t index) {
    return type == ElementType::s8 ? double{static_cast<float>(qkv_s8[index])}
                                   : double{qkv_f32[index]};
  };
  std::vector<double> scores;
  for (int j = 0; j < keys(sequence); ++j) {
    double sum = 0.0;
    for (int c = 0; c < head_size; ++c) {
      sum += value(qkv_index(begin + query, 0, head, c)) * value(qkv_index(begin + j, 1, head, c));
    }
    scores.push_back(sum * double{scale_q} * double{scale_k} * double{score_scale});
  }
  return scores;
}

}  // namespace herosweep::kernels
