#include "core/quant/suggestion.h"

#include <algorithm>
#include <numeric>

namespace herosweep::quant {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string did_you_mean(std::string_view written, const std::vector<std::string>& known) {
  // A name far longer than any known one is not a slip of the pen; comparing it would cost time.
  if (written.size() > 64) return "";
  const int limit = std::max(2, static_cast<int>(written.size()) / 3);
  const std::string* nearest = nullptr;
  int smallest = limit + 1;
  for (const std::string& candidate : known) {
    const int distance = edit_distance(written, candidate);
    if (distance < smallest && distance < static_cast<int>(candidate.size())) {
      smallest = distance;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? "" : ", did you mean " + *nearest + "?";
}

}  // namespace herosweep::quant
