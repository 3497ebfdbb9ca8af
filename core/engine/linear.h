// One linear layer made ready for one place in a plan: quantized, scales folded, packed.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/weight_store.h"
#include "core/model/bert.h"
#include "core/quant/plan.h"

namespace herosweep::engine {

/// What surrounds the layer. Null scales mean FP, or a token scale that comes at run time.
struct LinearSpec {
  std::string key;  // names the tensor among all of a process
  const model::Linear* linear = nullptr;
  quant::SchemeTraits traits;
  int parts = 1;  // matrices stacked in rows that are quantized apart
  quant::PlanOptions options;
  const std::vector<float>* input_scale =
      nullptr;                      // [in] feature-wise: folded into W before it is quantized
  float input_tensor_scale = 1.0f;  // tensor-wise: folded into the row scales
  const std::vector<float>* output_scale = nullptr;  // [out]: the result is INT8 with this scale
  kernels::Activation activation = kernels::Activation::none;
};

class PreparedLinear {
 public:
  PreparedLinear() = default;
  /// Throws PlanError for groups that do not divide the rows.
  PreparedLinear(const LinearSpec& spec, const kernels::Backend& backend, WeightStore& store);

  /// Arguments of `gemm` but for x, m, the output's pointers and the flag.
  kernels::GemmArgs arguments() const;
  /// What its `gemm` will read, but for x and the token scale.
  std::array<kernels::Upcoming::Range, 4> constants() const;
  int64_t bytes() const;

 private:
  std::shared_ptr<const PackedTensor> weights_;
  Buffer row_scale_;      // [out] weight scale x input scale / output scale; empty = 1
  Buffer bias_;           // [out] / output scale where that is folded
  Buffer inverse_scale_;  // [out] output scale where an activation or FP weights forbid folding
  kernels::Activation activation_ = kernels::Activation::none;
  kernels::Int8Range range_;
};

}  // namespace herosweep::engine
