// Which plans a reader wants to see.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "experiments/report/rows.h"

namespace herosweep::report {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

template <typename Row>
bool is_called(const Row& row, const std::string& name) {
  return lower(row.display) == name || lower(row.plan) == name;
}

template <typename Row>
void collect(const std::vector<Row>& rows, std::set<std::string>& names) {
  for (const Row& row : rows) names.insert(row.display);
}

/// More names than these are no help.
constexpr int64_t kMostNames = 12;

std::string names_text(const Snapshot& s) {
  std::set<std::string> names;
  collect(s.results, names);
  collect(s.latency, names);
  collect(s.memory, names);
  collect(s.failures, names);
  // Capitals sort first: M1 and the other plans with a name of their own.
  const auto end = std::next(names.begin(), std::min<int64_t>(kMostNames, std::ssize(names)));
  std::string out = fmt::format("{}", fmt::join(names.begin(), end, ", "));
  if (std::ssize(names) > kMostNames)
    out += fmt::format(" and {} more", std::ssize(names) - kMostNames);
  return out;
}

template <typename Row>
bool any_called(const std::vector<Row>& rows, const std::string& name) {
  return std::any_of(rows.begin(), rows.end(), [&](const Row& r) { return is_called(r, name); });
}

}  // namespace

void keep_plans(Snapshot& s, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    wanted.push_back(lower(name));
    if (!any_called(s.results, wanted.back()) && !any_called(s.latency, wanted.back()) &&
        !any_called(s.memory, wanted.back()) && !any_called(s.failures, wanted.back()))
      throw StoreError(
          fmt::format("sweep {} has no plan '{}'; it has {}", s.sweep.name, name, names_text(s)));
  }
  const auto unwanted = [&](const auto& row) {
    return std::none_of(wanted.begin(), wanted.end(),
                        [&](const std::string& name) { return is_called(row, name); });
  };
  const auto dropped = [&](const PlanColumns& row) { return !row.is_fp16 && unwanted(row); };
  std::erase_if(s.results, dropped);
  std::erase_if(s.latency, dropped);
  std::erase_if(s.memory, dropped);
  std::erase_if(s.failures, unwanted);
}

}  // namespace herosweep::report
