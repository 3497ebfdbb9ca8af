#include "core/engine/footprint.h"

#include "core/engine/buffer.h"
#include "core/engine/edges.h"
#include "core/engine/workspace.h"

namespace herosweep::engine {

namespace {

using quant::InputFormat;
using quant::Module;

constexpr int64_t kFloat = sizeof(float);

/// Bytes of the parts that build_program prepares, from shapes alone.
class Counter {
 public:
  Counter(const model::BertConfig& config, const quant::Plan& plan, const kernels::Backend& backend)
      : config_(config), plan_(plan), backend_(backend) {}

  int64_t embedding() const {
    const auto traits = *quant::traits(Module::embedding, plan_.embedding);
    const bool quantized = traits.weight != kernels::ElementType::f32;
    const int64_t rows = config_.vocabulary, hidden = config_.hidden;
    const int64_t tokens = quantized ? rows * (hidden + kFloat) : floating(rows * hidden);
    const int64_t others = int64_t{config_.max_positions} + config_.type_vocabulary;
    return tokens + floating(others * hidden) + norm();
  }

  int64_t layer(int index, const LayerEdges& edges) const {
    const int hidden = config_.hidden, intermediate = config_.intermediate;
    const bool activated = !edges.gelu.quantize_operator;
    const bool gelu_s8 = edges.gelu.producer_writes_s8();
    int64_t bytes = linear(index, Module::qkv, 3 * hidden, hidden, edges.attention_s8, false);
    bytes += linear(index, Module::attention_output, hidden, hidden, edges.projection_s8, false);
    bytes += linear(index, Module::fc1, intermediate, hidden, gelu_s8, activated);
    bytes += linear(index, Module::fc2, hidden, intermediate, edges.feed_forward_s8, false);
    const int64_t vectors = (edges.input.gemm_input == InputFormat::tensor_wise) +
                            edges.context.producer_writes_s8() + edges.projection_s8 +
                            (edges.middle.gemm_input == InputFormat::tensor_wise) +
                            edges.feed_forward_s8;
    return bytes + vectors * hidden * kFloat + 2 * norm();
  }

 private:
  int64_t floating(int64_t values) const {
    return values * static_cast<int64_t>(floating_bytes(backend_));
  }
  int64_t norm() const { return 2 * config_.hidden * kFloat; }

  /// An output scale is folded into row scales and bias, unless an activation or FP weights stand
  /// between: then it is a vector of its own.
  int64_t linear(int index, Module module, int out, int in, bool output_scale,
                 bool activated) const {
    const auto traits = *quant::traits(module, plan_.scheme(index, module));
    const bool quantized = traits.weight != kernels::ElementType::f32;
    const auto type = quantized ? traits.weight : backend_.floating;
    const int64_t vectors = 1 + quantized + (output_scale && (activated || !quantized));
    return static_cast<int64_t>(backend_.packed_bytes(type, out, in)) + vectors * out * kFloat;
  }

  const model::BertConfig& config_;
  const quant::Plan& plan_;
  const kernels::Backend& backend_;
};

}  // namespace

Footprint footprint(const model::BertConfig& config, const quant::Plan& plan,
                    const kernels::Backend& backend, int tokens) {
  const auto edges = resolve_edges(plan);
  const Counter counter(config, plan, backend);
  Footprint result;
  result.weight_bytes = counter.embedding();
  for (size_t layer = 0; layer < edges.size(); ++layer)
    result.weight_bytes += counter.layer(static_cast<int>(layer), edges[layer]);
  const bool simulated = quant::execution(plan) == quant::Execution::simulated;
  const WorkspaceLayout layout(config, edges, simulated, floating_bytes(backend));
  result.activation_bytes = static_cast<int64_t>(layout.bytes(tokens));
  return result;
}

}  // namespace herosweep::engine
