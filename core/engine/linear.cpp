#include "core/engine/linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/quant/quantizer.h"
#include "core/quant/weights.h"
#include "core/util/aligned_buffer.h"
#include "core/util/error.h"
#include "core/util/half.h"
#include "core/util/sha256.h"

namespace herosweep::engine {

namespace {

using kernels::ElementType;

Buffer copy(const kernels::Backend& backend, const std::vector<float>& values) {
  if (values.empty()) return {};
  return Buffer::copy_of(backend, values.data(), values.size() * sizeof(float));
}

/// Everything that changes the packed bytes.
std::string storage_key(const LinearSpec& spec) {
  std::string key = fmt::format("{}/{}/{}/{}/{}", spec.key, static_cast<int>(spec.traits.weight),
                                static_cast<int>(spec.traits.granularity), spec.options.groups,
                                static_cast<int>(spec.options.range));
  if (spec.input_scale != nullptr)
    key += fmt::format(
        "/{}", util::Sha256()
                   .update(spec.input_scale->data(), spec.input_scale->size() * sizeof(float))
                   .hex());
  return key;
}

/// What the backend stores for `type`; FP weights must fit its floating-point format.
ElementType stored_type(const LinearSpec& spec, const kernels::Backend& backend) {
  if (spec.traits.weight != ElementType::f32) return spec.traits.weight;
  if (backend.floating == ElementType::f16) {
    const auto& values = spec.linear->weight.values;
    if (std::any_of(values.begin(), values.end(),
                    [](float w) { return std::fabs(w) >= util::kHalfOverflow; }))
      throw ModelError(spec.key + ": a weight is too large for FP16");
  }
  return backend.floating;
}

PackedTensor pack(const LinearSpec& spec, const kernels::Backend& backend) {
  const model::Matrix& w = spec.linear->weight;
  const ElementType type = stored_type(spec, backend);
  PackedTensor tensor;
  const void* values = w.values.data();
  quant::QuantizedWeights quantized;
  if (spec.traits.weight != ElementType::f32) {
    quantized = quant::quantize_weights(
        w.values.data(), w.rows, w.cols,
        {.type = type,
         .granularity = spec.traits.granularity,
         .groups = spec.options.groups,
         .parts = spec.parts,
         .range = spec.options.range,
         .input_scale = spec.input_scale == nullptr ? nullptr : spec.input_scale->data()});
    values = quantized.values.data();
    tensor.row_scale = std::move(quantized.row_scale);
  }
  util::AlignedBuffer packed(backend.packed_bytes(type, w.rows, w.cols));
  backend.pack(type, values, w.rows, w.cols, packed.data());
  tensor.buffer = Buffer::copy_of(backend, packed.data(), packed.bytes());
  tensor.view = {.type = type, .n = w.rows, .k = w.cols, .data = tensor.buffer.data()};
  return tensor;
}

}  // namespace

PreparedLinear::PreparedLinear(const LinearSpec& spec, const kernels::Backend& backend,
                               WeightStore& store)
    : activation_(spec.activation),
      range_(quant::quantized_range(ElementType::s8, spec.options.range)) {
  weights_ = store.get(storage_key(spec), [&] { return pack(spec, backend); });
  std::vector<float> row_scale = weights_->row_scale, bias = spec.linear->bias, inverse_scale;
  for (float& scale : row_scale) scale *= spec.input_tensor_scale;
  if (spec.output_scale != nullptr) {
    const std::vector<float>& output_scale = *spec.output_scale;
    const bool foldable = !row_scale.empty() && activation_ == kernels::Activation::none;
    if (!foldable) inverse_scale.resize(output_scale.size());
    for (size_t o = 0; o < output_scale.size(); ++o) {
      if (foldable) {
        row_scale[o] /= output_scale[o];
        bias[o] /= output_scale[o];
      } else {
        inverse_scale[o] = 1.0f / output_scale[o];
      }
    }
  }
  row_scale_ = copy(backend, row_scale);
  bias_ = copy(backend, bias);
  inverse_scale_ = copy(backend, inverse_scale);
}

kernels::GemmArgs PreparedLinear::arguments() const {
  kernels::GemmArgs args;
  args.w = weights_->view;
  args.row_scale = row_scale_.as<const float>();
  args.bias = bias_.as<const float>();
  args.activation = activation_;
  args.out.inverse_scale = inverse_scale_.as<const float>();
  args.out.range = range_;
  return args;
}

std::array<kernels::Upcoming::Range, 4> PreparedLinear::constants() const {
  return {{{weights_->view.data, weights_->buffer.bytes()},
           {row_scale_.data(), row_scale_.bytes()},
           {bias_.data(), bias_.bytes()},
           {inverse_scale_.data(), inverse_scale_.bytes()}}};
}

int64_t PreparedLinear::bytes() const {
  return weights_->bytes() + static_cast<int64_t>(bias_.bytes() + inverse_scale_.bytes());
}

}  // namespace herosweep::engine
