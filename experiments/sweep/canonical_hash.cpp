#include <nlohmann/json.hpp>

#include "core/util/sha256.h"
#include "experiments/sweep/trial.h"

namespace herosweep::sweep {

std::string canonical_hash(const nlohmann::json& json) { return util::sha256(json.dump()); }

}  // namespace herosweep::sweep
