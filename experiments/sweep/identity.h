// What makes a trial the same trial: contents, never paths or names.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "experiments/sweep/space.h"

namespace herosweep::sweep {

/// Resets what has no effect on `variant`: options (quant::canonical), calibration and seed of a
/// plan without calibrated scales, the observer where only momentum-averaged scales are read, the
/// percentile of other observers.
void drop_ineffective_settings(Variant& variant, int hidden);

/// Identity of plan and calibration: of a row in latency tables, where no task is involved.
std::string plan_hash(const Variant& variant);

/// The first task that has training text: its rows calibrate every plan of the sweep. Nothing
/// when no task has any.
std::optional<size_t> calibration_source(const std::vector<tasks::TaskSpec>& tasks);

/// The identity of one trial. `source`: of the calibration rows, an index into `tasks`.
nlohmann::json trial_identity(const ModelRef& model, const std::vector<tasks::TaskSpec>& tasks,
                              const std::vector<TaskFacts>& facts, size_t task,
                              std::optional<size_t> source, const Variant& variant,
                              const std::string& backend);

}  // namespace herosweep::sweep
