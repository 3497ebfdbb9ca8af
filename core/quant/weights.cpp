#include "core/quant/weights.h"

#include <fmt/format.h>

#include "core/quant/quantizer.h"
#include "core/util/error.h"

namespace herosweep::quant {
namespace {

/// Consecutive rows that share a scale.
int rows_a_scale(int out, int in, const WeightQuantization& q) {
  if (q.parts < 1 || out % q.parts != 0) {
    throw PlanError(fmt::format("{} weight rows are not {} equal parts", out, q.parts));
  }
  const int part = out / q.parts;
  switch (q.granularity) {
    case WeightGranularity::row:
      return 1;
    case WeightGranularity::tensor:
      return part;
    case WeightGranularity::group:
      break;
    case WeightGranularity::none:
      throw PlanError("weights without a granularity are not quantized");
  }
  if (q.groups == -1) return 1;
  const int groups = q.groups == 0 ? std::min(part, in) / 16 : q.groups;
  if (groups < 1 || part % groups != 0) {
    throw PlanError(fmt::format(
        "{} weight groups do not divide {} rows; choose a divisor, or -1 for one row a group",
        groups, part));
  }
  return part / groups;
}

/// The rows of W with the input scales folded in.
class FoldedWeights {
 public:
  FoldedWeights(const float* w, int in, const WeightQuantization& q)
      : w_(w), in_(in), input_scale_(q.input_scale), folded_(q.input_scale != nullptr ? in : 0) {}

  /// Row `o` of W'; valid until the next call.
  const float* row(int o) {
    const float* values = w_ + static_cast<size_t>(o) * in_;
    if (input_scale_ == nullptr) return values;
    for (int i = 0; i < in_; ++i) folded_[i] = values[i] * input_scale_[i];
    return folded_.data();
  }

  float amax(int first_row, int rows) {
    int32_t largest = 0;
    for (int o = first_row; o < first_row + rows; ++o) {
      largest = max_magnitude_bits(row(o), in_, largest);
      if (largest >= kInfinityBits) refuse_row(o);
    }
    return std::bit_cast<float>(largest);
  }

 private:
  [[noreturn]] void refuse_row(int o) {
    const float* values = row(o);
    int column = 0;
    while (magnitude_bits(values[column]) < kInfinityBits) ++column;
    throw ModelError(fmt::format(
        "weight [{}, {}] is {}, which cannot be quantized; check the "
        "checkpoint{}",
        o, column, values[column], input_scale_ == nullptr ? "" : " and the calibration"));
  }

  const float* w_;
  int in_;
  const float* input_scale_;
  std::vector<float> folded_;
};

void store_s8(const float* x, int count, float scale, kernels::Int8Range range, int8_t* out) {
  for (int i = 0; i < count; ++i) out[i] = quantize(x[i], scale, range);
}

void store_s4(const float* x, int count, float scale, kernels::Int8Range range, int8_t* out) {
  const auto nibble = [&](int i) {
    return i < count ? static_cast<unsigned>(quantize(x[i], scale, range)) & 0xfu : 0u;
  };
  for (int i = 0; i < count; i += 2) {
    out[i / 2] = static_cast<int8_t>(nibble(i) | nibble(i + 1) << 4);
  }
}

}  // namespace

QuantizedWeights quantize_weights(const float* w, int out, int in,
                                  const WeightQuantization& quantization) {
  const bool s4 = quantization.type == kernels::ElementType::s4;
  const kernels::Int8Range range = quantized_range(quantization.type, quantization.range);
  const size_t row_bytes = s4 ? (static_cast<size_t>(in) + 1) / 2 : static_cast<size_t>(in);
  const int together = rows_a_scale(out, in, quantization);
  QuantizedWeights result;
  result.values.resize(static_cast<size_t>(out) * row_bytes);
  result.row_scale.resize(out);
  FoldedWeights weights(w, in, quantization);
  for (int first = 0; first < out; first += together) {
    const float scale = scale_of(weights.amax(first, together), range);
    for (int o = first; o < first + together; ++o) {
      result.row_scale[o] = scale;
      int8_t* values = result.values.data() + static_cast<size_t>(o) * row_bytes;
      (s4 ? store_s4 : store_s8)(weights.row(o), in, scale, range, values);
    }
  }
  return result;
}

}  // namespace herosweep::quant
