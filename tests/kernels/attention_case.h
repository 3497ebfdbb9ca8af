// One attention call with its data, run on any backend: what test_attention*.cpp compare.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/kernels/row_outputs.h"

namespace herosweep::kernels {

/// Operands are drawn from a fixed seed; change them, then run.
struct AttentionCase {
  AttentionCase(int head_count, int size_of_head, const std::vector<int>& sequence_lengths,
                ElementType element_type);

  RowOutputs run(const Backend& backend, Format format) const;

  std::string name() const;
  int rows() const { return offsets.back(); }
  int cols() const { return heads * head_size; }
  size_t qkv_index(int row, int part, int head, int feature) const;
  int longest() const;
  /// Scores q . k * scales of one query, in FP64.
  std::vector<double> scores(int sequence, int query, int head) const;
  int keys(int sequence) const;

  int heads;
  int head_size;
  std::vector<int32_t> offsets;
  std::vector<int32_t> lengths;  // empty: a null pointer
  ElementType type;
  std::vector<float> qkv_f32;
  std::vector<int8_t> qkv_s8;
  float scale_q = 1.0f;
  float scale_k = 1.0f;
  float scale_v = 1.0f;
  float score_scale;
  SoftmaxMode softmax = SoftmaxMode::rowmax;
  std::vector<float> inverse_scale;
  Int8Range range;
};

}  // namespace herosweep::kernels
