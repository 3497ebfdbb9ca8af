#include "experiments/config/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/util/error.h"

namespace herosweep::config {
namespace {

// A wrong file given by mistake can have thousands of problems; nobody reads past the first page.
constexpr size_t kMaxShown = 100;

}  // namespace

void Problems::add(const Place& place, std::string_view path, std::string_view message) {
  const std::string source = place.source ? place.source->name : "";
  auto known = std::find(sources_.begin(), sources_.end(), source);
  if (known == sources_.end()) known = sources_.insert(sources_.end(), source);
  std::string line = path.empty() ? fmt::format("{}: {}", place.text(), message)
                                  : fmt::format("{}: {}: {}", place.text(), path, message);
  entries_.push_back({place, static_cast<size_t>(known - sources_.begin()), std::move(line)});
}

std::string Problems::text() const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::tie(a->source_order, a->place.line, a->place.column) <
           std::tie(b->source_order, b->place.line, b->place.column);
  });
  // A value reached through an alias is read more than once, its problem is one.
  std::vector<std::string> lines;
  for (const Entry* entry : order) {
    if (std::find(lines.begin(), lines.end(), entry->line) == lines.end()) {
      lines.push_back(entry->line);
    }
    if (lines.size() > kMaxShown) {
      lines.back() = "more problems follow; fix these first";
      break;
    }
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

void Problems::throw_if_any() const {
  if (!empty()) throw ConfigError(text());
}

std::string join_path(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

}  // namespace herosweep::config
