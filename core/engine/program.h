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

struct LayerProgram {
  LayerEdges edges;
  PreparedLinear qkv, attention_output, fc1, fc2;
  float scale_q = 1, scale_k = 1, scale_v = 1;
  // Each is empty where its edge is FP or token-wise.
  std::vector<float> input_inverse_scale;    // [hidden], tensor-wise input of qkv
  std::vector<float> context_inverse_scale;  // [hidden]
  std::vector<float> projection_scale;       // [hidden], S_o
  std::vector<float> middle_inverse_scale;   // [hidden], tensor-wise input of fc1
  std::vector<float> feed_forward_scale;     // [hidden], S_2
};

struct Program {
  std::vector<LayerProgram> layers;
  std::shared_ptr<const PackedTensor> token_table;  // null: the model's own FP table
  kernels::Int8Range range;
  int floored_scales = 0;
  int64_t weight_bytes = 0;
};

/// `calibration` may be null when the plan needs none. Throws PlanError.
Program build_program(const model::BertModel& model, const quant::Plan& plan,
                      const quant::Calibration* calibration, const kernels::Backend& backend,
                      WeightStore& store);

}  // namespace herosweep::engine
