#include <algorithm>
#include <cmath>

#include "core/engine/engine.h"
#include "core/util/error.h"

namespace herosweep::engine {

namespace {

/// y = W x + b in FP32.
std::vector<float> apply(const model::Linear& linear, const float* x) {
  std::vector<float> y(linear.bias);
  for (int o = 0; o < linear.weight.rows; ++o) {
    const float* w = linear.weight.row(o);
    float sum = 0;
    for (int i = 0; i < linear.weight.cols; ++i) sum += w[i] * x[i];
    y[o] += sum;
  }
  return y;
}

}  // namespace

void mean_pool(const float* hidden, const Batch& batch, int hidden_size, float* out) {
  for (int s = 0; s < batch.sequences(); ++s) {
    float* mean = out + static_cast<size_t>(s) * hidden_size;
    std::fill(mean, mean + hidden_size, 0.0f);
    const int first = batch.offsets[s], last = batch.offsets[s + 1];
    for (int t = first; t < last; ++t)
      for (int j = 0; j < hidden_size; ++j)
        mean[j] += hidden[static_cast<size_t>(t) * hidden_size + j];
    const float length = static_cast<float>(std::max(last - first, 1));
    for (int j = 0; j < hidden_size; ++j) mean[j] /= length;
  }
}

void classify(const model::BertModel& model, const float* hidden, const Batch& batch, float* out) {
  if (!model.has_pooler() || !model.has_classifier())
    throw ModelError(
        "this checkpoint has no classification head (pooler and classifier); use a task with a "
        "ridge, logistic or cosine head");
  const int labels = model.classifier.weight.rows;
  for (int s = 0; s < batch.sequences(); ++s) {
    if (batch.offsets[s] == batch.offsets[s + 1])
      throw ModelError("cannot classify an empty sequence");
    auto pooled =
        apply(model.pooler, hidden + static_cast<size_t>(batch.offsets[s]) * model.config.hidden);
    for (float& value : pooled) value = std::tanh(value);
    const auto logits = apply(model.classifier, pooled.data());
    std::copy(logits.begin(), logits.end(), out + static_cast<size_t>(s) * labels);
  }
}

}  // namespace herosweep::engine
