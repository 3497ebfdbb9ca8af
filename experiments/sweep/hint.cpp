#include "experiments/sweep/hint.h"

#include "core/quant/suggestion.h"

namespace herosweep::sweep {
namespace {

/// Whether `written` keeps the first letter of `word` and leaves out some of the others.
bool abbreviates(std::string_view written, std::string_view word) {
  if (written.size() < 2 || word.empty() || written[0] != word[0]) return false;
  size_t found = 0;
  for (char c : word) {
    if (found < written.size() && written[found] == c) ++found;
  }
  return found == written.size();
}

}  // namespace

std::string hint(std::string_view written, const std::vector<std::string>& known) {
  std::string near = quant::did_you_mean(written, known);
  if (!near.empty()) return near;
  const std::string* shortest = nullptr;
  for (const std::string& word : known) {
    if (!abbreviates(written, word)) continue;
    if (shortest == nullptr || word.size() < shortest->size()) shortest = &word;
  }
  return shortest == nullptr ? "" : ", did you mean " + *shortest + "?";
}

}  // namespace herosweep::sweep
