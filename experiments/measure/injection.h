// Failures on demand, so that tests can see what a failing plan costs.
#pragma once

#include <string>

#include "experiments/sweep/trial.h"

namespace herosweep::measure {

/// Does what the environment variable HEROSWEEP_INJECT asks for this plan, and nothing without it.
/// Its value is a comma-separated list of KIND@PLAN or KIND@PLAN:STAGE; KIND is crash (abort), hang
/// (sleep for ever), nan, oom (the exceptions of those names) or checksum (left to the caller: an
/// answer damaged on its way); PLAN any name of the plan; STAGE accuracy or latency, both when
/// absent.
void inject_failure(const quant::Plan& plan, const std::string& stage);

/// Whether it asks for this kind.
bool is_injected(const std::string& kind, const quant::Plan& plan, const std::string& stage);

}  // namespace herosweep::measure
