#include "core/engine/workspace.h"

#include <algorithm>

namespace herosweep::engine {

namespace {

constexpr size_t kAlignment = 256;  // of every buffer: cache lines, and what TMA and CUDA prefer

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

WorkspaceLayout::WorkspaceLayout(const model::BertConfig& config,
                                 const std::vector<LayerEdges>& edges, bool simulated,
                                 size_t floating_bytes)
    : floating_bytes_(floating_bytes) {
  const auto stream = [](Need& need, const StreamFormat& format) {
    need.floating |= format.writes_f32();
    need.s8 |= format.writes_s8();
    need.token_scale |= format.gemm_input == quant::InputFormat::token_wise;
  };
  const auto activation = [](Need& need, const ActivationFormat& format) {
    need.floating |= !format.producer_writes_s8();
    need.s8 |= format.gemm_input != quant::InputFormat::floating;
    need.token_scale |= format.quantize_operator;
  };
  const auto either = [](Need& need, bool s8) {
    need.floating |= !s8;
    need.s8 |= s8;
  };
  stream_.cols = middle_.cols = context_.cols = projection_.cols = config.hidden;
  qkv_.cols = 3 * config.hidden;
  intermediate_.cols = config.intermediate;
  stream_.floating = true;  // the task head's input
  for (const LayerEdges& layer : edges) {
    stream(stream_, layer.input);
    stream(middle_, layer.middle);
    either(qkv_, layer.attention_s8);
    activation(context_, layer.context);
    either(projection_, layer.projection_s8);
    either(projection_, layer.feed_forward_s8);
    activation(intermediate_, layer.gelu);
  }
  if (simulated) dequantized_cols_ = std::max(config.hidden, config.intermediate);
}

template <class Visit>
void WorkspaceLayout::visit(Workspace& w, Visit&& visit) const {
  const auto tensor = [&](const Need& need, Activations& a) {
    if (need.floating) visit(a.floating, need.cols, floating_bytes_);
    if (need.s8) visit(a.s8, need.cols, sizeof(int8_t));
    if (need.token_scale) visit(a.token_scale, 1, sizeof(float));
  };
  tensor(stream_, w.stream);
  tensor(middle_, w.middle);
  tensor(qkv_, w.qkv);
  tensor(context_, w.context);
  tensor(projection_, w.projection);
  tensor(intermediate_, w.intermediate);
  if (dequantized_cols_ > 0) visit(w.dequantized, dequantized_cols_, floating_bytes_);
}

size_t WorkspaceLayout::bytes(int tokens) const {
  size_t total = 0;
  Workspace unused;
  visit(unused, [&](const void*, int cols, size_t element_bytes) {
    total += aligned(static_cast<size_t>(tokens) * cols * element_bytes);
  });
  return total;
}

Workspace WorkspaceLayout::carve(void* block, int tokens) const {
  Workspace workspace;
  auto* next = static_cast<std::byte*>(block);
  visit(workspace, [&](auto*& pointer, int cols, size_t element_bytes) {
    pointer = reinterpret_cast<std::remove_reference_t<decltype(pointer)>>(next);
    next += aligned(static_cast<size_t>(tokens) * cols * element_bytes);
  });
  return workspace;
}

}  // namespace herosweep::engine
