#include "core/engine/edges.h"

#include "core/util/error.h"

namespace herosweep::engine {

namespace {

using quant::InputFormat;
using quant::Module;
using quant::SchemeTraits;

SchemeTraits traits_of(const quant::Plan& plan, int layer, Module module) {
  const quant::Scheme scheme = plan.scheme(layer, module);
  const auto found = quant::traits(module, scheme);
  if (!found)
    throw PlanError(std::string(quant::name(module)) + " cannot run as " +
                    std::string(quant::name(scheme)));
  return *found;
}

StreamFormat stream(const SchemeTraits& reader, const quant::PlanOptions& options) {
  return {.gemm_input = reader.input,
          .quantized_residual = reader.quantized_residual &&
                                options.residual == quant::ResidualFormat::follow_reader};
}

/// For producers that see only part of a row: one head, or one tile of columns.
ActivationFormat partial_row_edge(const SchemeTraits& reader) {
  return {.gemm_input = reader.input, .quantize_operator = reader.input == InputFormat::token_wise};
}

}  // namespace

std::vector<LayerEdges> resolve_edges(const quant::Plan& plan) {
  std::vector<LayerEdges> edges;
  for (int layer = 0; layer < static_cast<int>(plan.layers.size()); ++layer) {
    const SchemeTraits output = traits_of(plan, layer, Module::attention_output);
    const SchemeTraits fc2 = traits_of(plan, layer, Module::fc2);
    const SchemeTraits attention = traits_of(plan, layer, Module::attention);
    edges.push_back({.input = stream(traits_of(plan, layer, Module::qkv), plan.options),
                     .attention_s8 = attention.input != InputFormat::floating,
                     .context = partial_row_edge(output),
                     .projection_s8 = output.quantized_output,
                     .middle = stream(traits_of(plan, layer, Module::fc1), plan.options),
                     .gelu = partial_row_edge(fc2),
                     .feed_forward_s8 = fc2.quantized_output});
  }
  return edges;
}

}  // namespace herosweep::engine
