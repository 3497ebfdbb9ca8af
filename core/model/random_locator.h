// Random models named where a model directory is asked for.
#pragma once

#include <utility>

#include "core/model/bert.h"

namespace herosweep::model {

/// What a locator of `random_locator` says. Throws ModelError.
std::pair<BertConfig, uint64_t> parse_random_locator(const std::filesystem::path& locator);

}  // namespace herosweep::model
