// "Did you mean ...": the known name nearest to what was written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace herosweep::quant {

/// Levenshtein distance that ignores the case of ASCII letters.
int edit_distance(std::string_view a, std::string_view b);

/// ", did you mean X?" for the nearest of `known`, or "" when nothing is near enough to be meant
/// (more than a third of the written characters differ, two at least being allowed).
std::string did_you_mean(std::string_view written, const std::vector<std::string>& known);

}  // namespace herosweep::quant
