#include "experiments/report/sensitivity.h"

#include <fmt/format.h>

#include "core/util/error.h"

namespace herosweep::report {

Sensitivity find_sensitivity(store::Store& store, const Snapshot& snapshot,
                             const SensitivityOptions& options) {
  Sensitivity result;
  result.plans = sensitivity_plans(store, snapshot, options.variant);
  for (Response& response : responses(store, snapshot, result.plans, options)) {
    ResponseSensitivity one = module_effects(result.plans, std::move(response));
    one.additive = additive_predictor(result.plans, one.response);
    one.layer_maps = layer_maps(result.plans, one.response);
    if (!one.modules.empty() || !one.layer_maps.empty()) result.responses.push_back(std::move(one));
  }
  return result;
}

Sensitivity analyse_sensitivity(store::Store& store, const Snapshot& snapshot,
                                const SensitivityOptions& options) {
  Sensitivity result = find_sensitivity(store, snapshot, options);
  if (result.responses.empty())
    throw StoreError(fmt::format(
        "{}: sweep {} has measured no two plans that differ by one module alone; give its config "
        "sweep.modules (their product is run) or sweep.per_layer (one layer at a time), and run it",
        store.file().string(), snapshot.sweep.name));
  return result;
}

}  // namespace herosweep::report
