#include "core/engine/pass.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

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
const std::vector<float> kNoScale;

}  // namespace

NonFiniteFlags::NonFiniteFlags(int layers)
    : flags_(std::make_unique<bool[]>(static_cast<size_t>(layers) * kTensors + 1)),
      layers_(layers) {}

bool* NonFiniteFlags::flag(int layer, int tensor) {
  return layer < 0 ? &flags_[0] : &flags_[1 + layer * kTensors + tensor];
}

void NonFiniteFlags::check() {
  const int count = layers_ * kTensors + 1;
  for (int i = 0; i < count; ++i) {
    if (!flags_[i]) continue;
    std::fill(flags_.get(), flags_.get() + count, false);
    if (i == 0) throw NonFiniteError("the embedding holds a NaN or infinite value");
    throw NonFiniteError(fmt::format("layer {}: {} holds a NaN or infinite value",
                                     (i - 1) / kTensors, kTensorNames[(i - 1) % kTensors]));
  }
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

const std::vector<float>& Pass::input_inverse_scale(int layer) const {
  return layer < static_cast<int>(program.layers.size()) ? program.layers[layer].input_inverse_scale
                                                         : kNoScale;
}

kernels::Output Pass::stream_output(const Activations& out, const StreamFormat& format,
                                    const std::vector<float>& inverse_scale) const {
  kernels::Output output{.range = program.range};
  if (format.writes_f32()) output.f32 = out.f32;
  if (!format.writes_s8()) return output;
  output.s8 = out.s8;
  if (format.gemm_input == InputFormat::token_wise)
    output.token_scale = out.token_scale;
  else
    output.inverse_scale = inverse_scale.data();
  return output;
}

void Pass::embed() {
  kernels::EmbeddingArgs args;
  args.rows = batch.tokens();
  args.cols = model.config.hidden;
  args.ids = batch.ids.data();
  args.positions = positions;
  args.types = batch.types.data();
  if (program.token_table) {
    args.token_type = kernels::ElementType::s8;
    args.token_table = program.token_table->buffer.data();
    args.token_row_scale = program.token_table->row_scale.data();
  } else {
    args.token_table = model.token_embedding.values.data();
  }
  args.position_table = model.position_embedding.values.data();
  args.type_table = model.type_embedding.values.data();
  args.gamma = model.embedding_norm.gamma.data();
  args.beta = model.embedding_norm.beta.data();
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
  gemm(layer.qkv, workspace.stream, hidden, edges.input.gemm_input, workspace.qkv,
       edges.attention_s8, flags.flag(index, kQkv));
  report_qkv(index, layer);

  kernels::AttentionArgs args;
  args.heads = model.config.heads;
  args.head_size = model.config.head_size();
  args.sequences = batch.sequences();
  args.offsets = batch.offsets.data();
  args.type = edges.attention_s8 ? kernels::ElementType::s8 : kernels::ElementType::f32;
  args.qkv = edges.attention_s8 ? static_cast<const void*>(workspace.qkv.s8) : workspace.qkv.f32;
  args.scale_q = layer.scale_q;
  args.scale_k = layer.scale_k;
  args.scale_v = layer.scale_v;
  args.score_scale = 1.0f / std::sqrt(static_cast<float>(model.config.head_size()));
  args.softmax = softmax;
  args.out.range = program.range;
  if (edges.context.producer_writes_s8()) {
    args.out.s8 = workspace.context.s8;
    args.out.inverse_scale = layer.context_inverse_scale.data();
  } else {
    args.out.f32 = workspace.context.f32;
  }
  args.nonfinite = flags.flag(index, kContext);
  backend.attention(args);
  report_site(index, Site::context, workspace.context, edges.context.producer_writes_s8(), hidden);

  if (edges.context.quantize_operator)
    quantize(workspace.context, hidden, kernels::Activation::none, flags.flag(index, kContext));
  gemm(layer.attention_output, workspace.context, hidden, edges.context.gemm_input,
       workspace.projection, edges.projection_s8, flags.flag(index, kProjection));
  report_site(index, Site::attention_projection, workspace.projection, edges.projection_s8, hidden);
  layer_norm(workspace.stream, edges.input, layer.projection_scale,
             model.layers[index].attention_norm, workspace.middle, edges.middle,
             layer.middle_inverse_scale, flags.flag(index, kMiddle));
}

void Pass::feed_forward_block(int index, const LayerProgram& layer) {
  const LayerEdges& edges = layer.edges;
  const int hidden = model.config.hidden, intermediate = model.config.intermediate;
  gemm(layer.fc1, workspace.middle, hidden, edges.middle.gemm_input, workspace.intermediate,
       edges.gelu.producer_writes_s8(), flags.flag(index, kIntermediate));
  if (edges.gelu.quantize_operator)
    quantize(workspace.intermediate, intermediate, model.config.activation,
             flags.flag(index, kIntermediate));
  else
    report_site(index, Site::gelu, workspace.intermediate, edges.gelu.producer_writes_s8(),
                intermediate);
  gemm(layer.fc2, workspace.intermediate, intermediate, edges.gelu.gemm_input, workspace.projection,
       edges.feed_forward_s8, flags.flag(index, kFeedForward));
  report_site(index, Site::feed_forward, workspace.projection, edges.feed_forward_s8, hidden);
  layer_norm(workspace.middle, edges.middle, layer.feed_forward_scale,
             model.layers[index].output_norm, workspace.stream, input_format(index + 1),
             input_inverse_scale(index + 1), flags.flag(index, kOutput));
}

void Pass::gemm(const PreparedLinear& linear, const Activations& x, int cols, InputFormat format,
                const Activations& out, bool out_s8, bool* flag) {
  kernels::GemmArgs args = linear.arguments();
  args.m = batch.tokens();
  const bool integer_weights = args.w.type != kernels::ElementType::f32;
  if (format == InputFormat::floating) {
    args.x = x.f32;
  } else if (integer_weights) {
    args.x_type = kernels::ElementType::s8;
    args.x = x.s8;
    if (format == InputFormat::token_wise) args.token_scale = x.token_scale;
  } else {
    // INT8 activations meet FP weights only in simulated schemes: dequantize in front of an FP
    // GEMM.
    for (size_t t = 0; t < static_cast<size_t>(args.m); ++t)
      for (size_t j = t * cols; j < (t + 1) * cols; ++j)
        workspace.dequantized[j] = static_cast<float>(x.s8[j]) * x.token_scale[t];
    args.x = workspace.dequantized;
  }
  if (out_s8)
    args.out.s8 = out.s8;
  else
    args.out.f32 = out.f32;
  args.nonfinite = flag;
  backend.gemm(args);
}

void Pass::layer_norm(const Activations& residual, const StreamFormat& residual_format,
                      const std::vector<float>& projection_scale,
                      const model::LayerNormParameters& norm, const Activations& out,
                      const StreamFormat& out_format, const std::vector<float>& inverse_scale,
                      bool* flag) {
  using kernels::ElementType;
  kernels::LayerNormArgs args;
  args.rows = batch.tokens();
  args.cols = model.config.hidden;
  if (residual_format.quantized_residual)
    args.residual = {
        .type = ElementType::s8, .data = residual.s8, .token_scale = residual.token_scale};
  else
    args.residual.data = residual.f32;
  if (!projection_scale.empty())
    args.x = {.type = ElementType::s8,
              .data = workspace.projection.s8,
              .feature_scale = projection_scale.data()};
  else
    args.x.data = workspace.projection.f32;
  args.gamma = norm.gamma.data();
  args.beta = norm.beta.data();
  args.epsilon = model.config.layer_norm_epsilon;
  args.out = stream_output(out, out_format, inverse_scale);
  args.nonfinite = flag;
  backend.layer_norm(args);
}

void Pass::quantize(const Activations& x, int cols, kernels::Activation activation, bool* flag) {
  kernels::QuantizeArgs args;
  args.rows = batch.tokens();
  args.cols = cols;
  args.x = x.f32;
  args.activation = activation;
  args.out = {.s8 = x.s8, .token_scale = x.token_scale, .range = program.range};
  args.nonfinite = flag;
  backend.quantize(args);
}

}  // namespace herosweep::engine
