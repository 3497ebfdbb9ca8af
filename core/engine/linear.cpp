#include "core/engine/linear.h"

#include <fmt/format.h>

#include "core/quant/quantizer.h"
#include "core/quant/weights.h"
#include "core/util/sha256.h"

namespace herosweep::engine {

namespace {

using kernels::ElementType;

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

PackedTensor pack(const LinearSpec& spec, const kernels::Backend& backend) {
  const model::Matrix& w = spec.linear->weight;
  const ElementType type = spec.traits.weight;
  PackedTensor tensor;
  tensor.buffer = util::AlignedBuffer(backend.packed_bytes(type, w.rows, w.cols));
  if (type == ElementType::f32) {
    backend.pack(type, w.values.data(), w.rows, w.cols, tensor.buffer.data());
  } else {
    quant::QuantizedWeights q = quant::quantize_weights(
        w.values.data(), w.rows, w.cols,
        {.type = type,
         .granularity = spec.traits.granularity,
         .groups = spec.options.groups,
         .parts = spec.parts,
         .range = spec.options.range,
         .input_scale = spec.input_scale == nullptr ? nullptr : spec.input_scale->data()});
    backend.pack(type, q.values.data(), w.rows, w.cols, tensor.buffer.data());
    tensor.row_scale = std::move(q.row_scale);
  }
  tensor.view = {.type = type, .n = w.rows, .k = w.cols, .data = tensor.buffer.data()};
  return tensor;
}

}  // namespace

PreparedLinear::PreparedLinear(const LinearSpec& spec, const kernels::Backend& backend,
                               WeightStore& store)
    : bias_(spec.linear->bias),
      activation_(spec.activation),
      range_(quant::quantized_range(ElementType::s8, spec.options.range)) {
  weights_ = store.get(storage_key(spec), [&] { return pack(spec, backend); });
  row_scale_ = weights_->row_scale;
  for (float& scale : row_scale_) scale *= spec.input_tensor_scale;
  if (spec.output_scale == nullptr) return;

  const std::vector<float>& output_scale = *spec.output_scale;
  const bool foldable = !row_scale_.empty() && activation_ == kernels::Activation::none;
  if (!foldable) inverse_scale_.resize(output_scale.size());
  for (size_t o = 0; o < output_scale.size(); ++o) {
    if (foldable) {
      row_scale_[o] /= output_scale[o];
      bias_[o] /= output_scale[o];
    } else {
      inverse_scale_[o] = 1.0f / output_scale[o];
    }
  }
}

kernels::GemmArgs PreparedLinear::arguments() const {
  kernels::GemmArgs args;
  args.w = weights_->view;
  args.row_scale = row_scale_.empty() ? nullptr : row_scale_.data();
  args.bias = bias_.data();
  args.activation = activation_;
  args.out.inverse_scale = inverse_scale_.empty() ? nullptr : inverse_scale_.data();
  args.out.range = range_;
  return args;
}

int64_t PreparedLinear::bytes() const {
  return weights_->bytes() +
         static_cast<int64_t>((bias_.size() + inverse_scale_.size()) * sizeof(float));
}

}  // namespace herosweep::engine
