// What an engine runs: for each layer its edges' formats, prepared weights and static scales.
#pragma once

#include <memory>
#include <vector>

#include "core/engine/edges.h"
#include "core/engine/linear.h"
#include "core/engine/weight_store.h"
#include "core/model/bert.h"
#include "core/quant/calibration.h"

namespace herosweep::engine {

struct NormProgram {
  std::shared_ptr<const PackedTensor> gamma, beta;  // [hidden]
  int64_t bytes() const { return gamma->bytes() + beta->bytes(); }
};

struct LayerProgram {
  LayerEdges edges;
  PreparedLinear qkv, attention_output, fc1, fc2;
  NormProgram attention_norm, output_norm;
  float scale_q = 1, scale_k = 1, scale_v = 1;
  // Each is empty where its edge is FP or token-wise.
  Buffer input_inverse_scale;    // [hidden], tensor-wise input of qkv
  Buffer context_inverse_scale;  // [hidden]
  Buffer projection_scale;       // [hidden], S_o
  Buffer middle_inverse_scale;   // [hidden], tensor-wise input of fc1
  Buffer feed_forward_scale;     // [hidden], S_2
};

/// The embedding's tables. Position and type tables are always floating point, of FP16 values
/// beside an INT8 token table.
struct EmbeddingProgram {
  kernels::ElementType token_type;  // the backend's floating-point format, or s8
  std::shared_ptr<const PackedTensor> tokens, positions, types;
  Buffer token_row_scale;  // [vocabulary], for s8
  NormProgram norm;
};

struct Program {
  EmbeddingProgram embedding;
  std::vector<LayerProgram> layers;
  kernels::Int8Range range;
  int floored_scales = 0;
  int64_t weight_bytes = 0;
};

/// `calibration` may be null when the plan needs none. Throws PlanError.
Program build_program(const model::BertModel& model, const quant::Plan& plan,
                      const quant::Calibration* calibration, const kernels::Backend& backend,
                      WeightStore& store);

}  // namespace herosweep::engine
