// The format of every edge of a plan, resolved once from the schemes of its producer and its
// reader.
//
// Rule: the producer writes what the reader takes if it holds what that needs: calibrated scales
// always, a token scale only where it holds the whole row (layer norm, embedding). Otherwise it
// writes FP and a quantize operator follows, which is counted as a launch.
#pragma once

#include <vector>

#include "core/quant/plan.h"

namespace herosweep::engine {

/// A layer norm's output: read by one GEMM, and as the residual by the next layer norm.
struct StreamFormat {
  quant::InputFormat gemm_input = quant::InputFormat::floating;
  bool quantized_residual = false;

  bool writes_s8() const { return gemm_input != quant::InputFormat::floating; }
  bool writes_f32() const { return !writes_s8() || !quantized_residual; }
};

/// An edge whose producer may be unable to quantize.
struct ActivationFormat {
  quant::InputFormat gemm_input = quant::InputFormat::floating;
  bool quantize_operator = false;  // the producer writes FP and an operator of its own quantizes

  bool producer_writes_s8() const {
    return gemm_input != quant::InputFormat::floating && !quantize_operator;
  }
};

struct LayerEdges {
  StreamFormat input;            // -> qkv, residual of the attention's layer norm
  bool attention_s8 = false;     // qkv -> attention: INT8 with S_q, S_k, S_v
  ActivationFormat context;      // attention -> attention_output
  bool projection_s8 = false;    // attention_output -> layer norm: INT8 with S_o
  StreamFormat middle;           // -> fc1, residual of the output's layer norm
  ActivationFormat gelu;         // fc1 -> fc2
  bool feed_forward_s8 = false;  // fc2 -> layer norm: INT8 with S_2

  int launches() const { return 7 + context.quantize_operator + gelu.quantize_operator; }
};

/// One entry a layer. The last layer norm writes FP for the task head (a default StreamFormat).
std::vector<LayerEdges> resolve_edges(const quant::Plan& plan);

}  // namespace herosweep::engine
