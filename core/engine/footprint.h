// What a plan will occupy, known before anything is loaded or quantized.
#pragma once

#include "core/model/bert.h"
#include "core/quant/plan.h"
#include "kernels/backend.h"

namespace herosweep::engine {

struct Footprint {
  int64_t weight_bytes = 0;      // what Engine::weight_bytes() will say
  int64_t activation_bytes = 0;  // the workspace of a pass over `tokens` tokens
};

/// `plan` has the layers of `config`. Throws PlanError for an illegal scheme.
Footprint footprint(const model::BertConfig& config, const quant::Plan& plan,
                    const kernels::Backend& backend, int tokens);

}  // namespace herosweep::engine
