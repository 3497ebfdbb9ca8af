// Suggestions for words of the configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace herosweep::sweep {

/// ", did you mean X?" for the known word nearest in spelling, else for the shortest one that
/// `written` abbreviates ("attn" for attention); "" when there is none.
std::string hint(std::string_view written, const std::vector<std::string>& known);

}  // namespace herosweep::sweep
