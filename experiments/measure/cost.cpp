#include "experiments/measure/cost.h"

namespace herosweep::measure {

double pass_operations(const model::BertConfig& config, double tokens, double seq_len) {
  const double hidden = config.hidden, intermediate = config.intermediate;
  const double gemm = 2.0 * tokens * (4.0 * hidden * hidden + 2.0 * hidden * intermediate);
  const double attention = 4.0 * tokens * seq_len * hidden;
  return config.layers * (gemm + attention);
}

}  // namespace herosweep::measure
