#include "core/engine/pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>

namespace herosweep::engine {

namespace {

using quant::InputFormat;
using quant::Site;

enum Tensor {
  kQkv,
  kContext,
  kProjection,
  kMiddle,
  kIntermediate,
  kFeedForward,
  kOutput,
  kTensors
};
constexpr std::array<const char*, kTensors> kTensorNames{
    "qkv output",        "attention output", "attention_output output", "attention layer norm",
    "fc1 output (GELU)", "fc2 output",       "output layer norm"};

/// Formats behind the last layer: FP for the task head.
const StreamFormat kFloatingStream{};
const Buffer kNoScale;

/// What `vectors` and then `linear` (or null) hold.
kernels::Upcoming upcoming(std::initializer_list<const Buffer*> vectors,
                           const PreparedLinear* linear) {
  kernels::Upcoming upcoming;
  auto* next = upcoming.ranges;
  for (const Buffer* vector : vectors) *next++ = {vector->data(), vector->bytes()};
  if (linear != nullptr)
    for (const auto& range : linear->constants()) *next++ = range;
  return upcoming;
}

}  // namespace

NonFiniteFlags::NonFiniteFlags(int layers, const kernels::Backend& backend)
    : backend_(backend),
      count_(static_cast<size_t>(layers) * kTensors + 1),
      flags_(backend, count_ * sizeof(bool)) {
  clear();
}

void NonFiniteFlags::clear() {
  const auto none = std::make_unique<bool[]>(count_);
  backend_.upload(flags_.data(), none.get(), count_ * sizeof(bool));
}

bool* NonFiniteFlags::flag(int layer, int tensor) const {
  return flags_.as<bool>() + (layer < 0 ? 0 : 1 + layer * kTensors + tensor);
}

void NonFiniteFlags::check() {
  const auto flags = std::make_unique<bool[]>(count_);
  backend_.download(flags.get(), flags_.data(), count_ * sizeof(bool));
  const auto raised =
      static_cast<int>(std::find(flags.get(), flags.get() + count_, true) - flags.get());
  if (raised == static_cast<int>(count_)) return;
  clear();
  if (raised == 0) throw NonFiniteError("the embedding holds a NaN or infinite value");
  throw NonFiniteError(fmt::format("layer {}: {} holds a NaN or infinite value",
                                   (raised - 1) / kTensors, kTensorNames[(raised - 1) % kTensors]));
}

void Pass::run() {
  embed();
  for (int i = 0; i < static_cast<int>(program.layers.size()); ++i) layer(i);
  report_hidden(static_cast<int>(program.layers.size()), kFloatingStream);
}

const StreamFormat& Pass::input_format(int layer) const {
  return layer < static_cast<int>(program.layers.size()) ? program.layers[layer].edges.input
                                                         : kFloatingStream;
}

const Buffer& Pass::input_inverse_scale(int layer) const {
  return layer < static_cast<int>(program.layers.size()) ? program.layers[layer].input_inverse_scale
                                                         : kNoScale;
}

kernels::Output Pass::stream_output(const Activations& out, const StreamFormat& format,
                                    const Buffer& inverse_scale) const {
  kernels::Output output{.range = program.range};
  if (format.writes_f32()) set_floating(&output, out.floating);
  if (!format.writes_s8()) return output;
  output.s8 = out.s8;
  if (format.gemm_input == InputFormat::token_wise)
    output.token_scale = out.token_scale;
  else
    output.inverse_scale = inverse_scale.as<const float>();
  return output;
}

void Pass::set_floating(kernels::Output* output, void* data) const {
  if (backend.floating == kernels::ElementType::f32)
    output->f32 = static_cast<float*>(data);
  else
    output->f16 = data;
}

void Pass::embed() {
  kernels::EmbeddingArgs args;
  const EmbeddingProgram& embedding = program.embedding;
  args.rows = inputs.shape().tokens;
  args.cols = model.config.hidden;
  args.ids = inputs.ids();
  args.positions = inputs.positions();
  args.types = inputs.types();
  args.token_type = embedding.token_type;
  args.token_table = embedding.tokens->buffer.data();
  args.token_row_scale = embedding.token_row_scale.as<const float>();
  args.table_type = backend.floating;
  args.position_table = embedding.positions->buffer.data();
  args.type_table = embedding.types->buffer.data();
  args.gamma = embedding.norm.gamma->buffer.as<const float>();
  args.beta = embedding.norm.beta->buffer.as<const float>();
  args.epsilon = model.config.layer_norm_epsilon;
  args.out = stream_output(workspace.stream, input_format(0), input_inverse_scale(0));
  args.nonfinite = flags.flag(-1, 0);
  backend.embedding(args);
}

void Pass::layer(int index) {
  const LayerProgram& layer = program.layers[index];
  report_hidden(index, layer.edges.input);
  report_stream(index, Site::qkv_input, workspace.stream, layer.edges.input);
  attention_block(index, layer);
  report_stream(index, Site::fc1_input, workspace.middle, layer.edges.middle);
  feed_forward_block(index, layer);
}

void Pass::attention_block(int index, const LayerProgram& layer) {
  const LayerEdges& edges = layer.edges;
  const int hidden = model.config.hidden;
  gemm(layer.qkv, upcoming({&layer.context_inverse_scale}, &layer.attention_output),
       workspace.stream, hidden, edges.input.gemm_input, workspace.qkv, edges.attention_s8,
       flags.flag(index, kQkv));
  report_qkv(index, layer);

  kernels::AttentionArgs args;
  args.heads = model.config.heads;
  args.head_size = model.config.head_size();
  args.sequences = inputs.shape().sequences;
  args.offsets = inputs.offsets();
  args.lengths = inputs.lengths();
  args.longest = inputs.shape().longest;
  args.rows = inputs.shape().tokens;
  args.type = edges.attention_s8 ? kernels::ElementType::s8 : backend.floating;
  args.qkv = edges.attention_s8 ? workspace.qkv.s8 : workspace.qkv.floating;
  args.scale_q = layer.scale_q;
  args.scale_k = layer.scale_k;
  args.scale_v = layer.scale_v;
  args.score_scale = 1.0f / std::sqrt(static_cast<float>(model.config.head_size()));
  args.softmax = softmax;
  args.out.range = program.range;
  if (edges.context.producer_writes_s8()) {
    args.out.s8 = workspace.context.s8;
    args.out.inverse_scale = layer.context_inverse_scale.as<const float>();
  } else {
    set_floating(&args.out, workspace.context.floating);
  }
  args.nonfinite = flags.flag(index, kContext);
  backend.attention(args);
  report_site(index, Site::context, workspace.context, edges.context.producer_writes_s8(), hidden);

  if (edges.context.quantize_operator)
    quantize(workspace.context, hidden, kernels::Activation::none, flags.flag(index, kContext));
  gemm(layer.attention_output,
       upcoming({&layer.projection_scale, &layer.attention_norm.gamma->buffer,
                 &layer.attention_norm.beta->buffer, &layer.middle_inverse_scale},
                &layer.fc1),
       workspace.context, hidden, edges.context.gemm_input, workspace.projection,
       edges.projection_s8, flags.flag(index, kProjection));
  report_site(index, Site::attention_projection, workspace.projection, edges.projection_s8, hidden);
  layer_norm(workspace.stream, edges.input, layer.projection_scale, layer.attention_norm,
             workspace.middle, edges.middle, layer.middle_inverse_scale,
             flags.flag(index, kMiddle));
}

void Pass::feed_forward_block(int index, const LayerProgram& layer) {
  const LayerEdges& edges = layer.edges;
  const int hidden = model.config.hidden, intermediate = model.config.intermediate;
  gemm(layer.fc1, upcoming({}, &layer.fc2), workspace.middle, hidden, edges.middle.gemm_input,
       workspace.intermediate, edges.gelu.producer_writes_s8(), flags.flag(index, kIntermediate));
  if (edges.gelu.quantize_operator)
    quantize(workspace.intermediate, intermediate, model.config.activation,
             flags.flag(index, kIntermediate));
  else
    report_site(index, Site::gelu, workspace.intermediate, edges.gelu.producer_writes_s8(),
                intermediate);
  gemm(layer.fc2, behind_layer(index), workspace.intermediate, intermediate, edges.gelu.gemm_input,
       workspace.projection, edges.feed_forward_s8, flags.flag(index, kFeedForward));
  report_site(index, Site::feed_forward, workspace.projection, edges.feed_forward_s8, hidden);
  layer_norm(workspace.middle, edges.middle, layer.feed_forward_scale, layer.output_norm,
             workspace.stream, input_format(index + 1), input_inverse_scale(index + 1),
             flags.flag(index, kOutput));
}

kernels::Upcoming Pass::behind_layer(int index) const {
  const LayerProgram& layer = program.layers[index];
  const bool last = index + 1 == static_cast<int>(program.layers.size());
  return upcoming({&layer.feed_forward_scale, &layer.output_norm.gamma->buffer,
                   &layer.output_norm.beta->buffer, &input_inverse_scale(index + 1)},
                  last ? nullptr : &program.layers[index + 1].qkv);
}

void Pass::gemm(const PreparedLinear& linear, kernels::Upcoming upcoming, const Activations& x,
                int cols, InputFormat format, const Activations& out, bool out_s8, bool* flag) {
  kernels::GemmArgs args = linear.arguments();
  args.upcoming = upcoming;
  args.m = inputs.shape().tokens;
  args.x_type = backend.floating;
  args.x = x.floating;
  if (format != InputFormat::floating) {
    if (args.w.type == backend.floating) {
      dequantize(x, cols);
      args.x = workspace.dequantized;
    } else {
      args.x_type = kernels::ElementType::s8;
      args.x = x.s8;
      if (format == InputFormat::token_wise) args.token_scale = x.token_scale;
    }
  }
  if (out_s8)
    args.out.s8 = out.s8;
  else
    set_floating(&args.out, out.floating);
  args.nonfinite = flag;
  backend.gemm(args);
}

void Pass::dequantize(const Activations& x, int cols) {
  // On the host: simulated plans have no latency, and no kernel is worth writing for them.
  const auto rows = static_cast<size_t>(inputs.shape().tokens);
  const auto width = static_cast<size_t>(cols);
  std::vector<int8_t> integers(rows * width);
  std::vector<float> scales(rows), values(rows * width);
  backend.download(integers.data(), x.s8, integers.size());
  backend.download(scales.data(), x.token_scale, rows * sizeof(float));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(integers[i]) * scales[i / width];
  upload_floating(backend, workspace.dequantized, values);
}

void Pass::layer_norm(const Activations& residual, const StreamFormat& residual_format,
                      const Buffer& projection_scale, const NormProgram& norm,
                      const Activations& out, const StreamFormat& out_format,
                      const Buffer& inverse_scale, bool* flag) {
  using kernels::ElementType;
  kernels::LayerNormArgs args;
  args.rows = inputs.shape().tokens;
  args.cols = model.config.hidden;
  if (residual_format.quantized_residual)
    args.residual = {
        .type = ElementType::s8, .data = residual.s8, .token_scale = residual.token_scale};
  else
    args.residual = {.type = backend.floating, .data = residual.floating};
  if (!projection_scale.empty())
    args.x = {.type = ElementType::s8,
              .data = workspace.projection.s8,
              .feature_scale = projection_scale.as<const float>()};
  else
    args.x = {.type = backend.floating, .data = workspace.projection.floating};
  args.gamma = norm.gamma->buffer.as<const float>();
  args.beta = norm.beta->buffer.as<const float>();
  args.epsilon = model.config.layer_norm_epsilon;
  args.out = stream_output(out, out_format, inverse_scale);
  args.nonfinite = flag;
  backend.layer_norm(args);
}

void Pass::quantize(const Activations& x, int cols, kernels::Activation activation, bool* flag) {
  kernels::QuantizeArgs args;
  args.rows = inputs.shape().tokens;
  args.cols = cols;
  args.x_type = backend.floating;
  args.x = x.floating;
  args.activation = activation;
  args.out = {.s8 = x.s8, .token_scale = x.token_scale, .range = program.range};
  args.nonfinite = flag;
  backend.quantize(args);
}

}  // namespace herosweep::engine
