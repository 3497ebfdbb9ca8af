// The `diff` command: what a config would run, for a terminal and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "experiments/report/diff.h"

namespace herosweep::report {

namespace {

using nlohmann::ordered_json;
using Kind = DiffGroup::Kind;

// Names on a line; more are counted.
constexpr size_t kListed = 4;

/// What happens to `group`, and why.
std::string headline(const DiffGroup& group) {
  const std::string why = fmt::format("{}", fmt::join(group.reasons, "; "));
  switch (group.kind) {
    case Kind::changed:
      return fmt::format("would run again: {}", why);
    case Kind::added:
      return why.empty() ? "new: this plan was not measured on this task" : "new: " + why;
    case Kind::waiting:
      return "planned, not run yet";
    default:
      return "failed before; `herosweep run --only failed` tries again";
  }
}

std::string_view word(Kind kind) {
  constexpr std::array<std::string_view, 4> kWords{"changed", "added", "waiting", "failed"};
  return kWords[static_cast<size_t>(kind)];
}

std::string listed(const std::vector<std::string>& members) {
  const auto shown = members.begin() + static_cast<ptrdiff_t>(std::min(members.size(), kListed));
  std::string text = fmt::format("{}", fmt::join(members.begin(), shown, ", "));
  if (members.size() > kListed) text += fmt::format(" and {} more", members.size() - kListed);
  return text;
}

std::string diff_section(const Diff& diff, const char* what) {
  std::string out = fmt::format("{} of {} {} are in the database\n", diff.done, diff.total, what);
  for (const DiffGroup& group : diff.groups)
    out += fmt::format("  {} {}\n      {}\n", group.members.size(), headline(group),
                       listed(group.members));
  return out;
}

ordered_json section_json(const Diff& diff) {
  ordered_json json{{"total", diff.total}, {"done", diff.done}};
  json["groups"] = ordered_json::array();
  for (const DiffGroup& group : diff.groups)
    json["groups"].push_back(
        {{"kind", word(group.kind)}, {"reasons", group.reasons}, {"members", group.members}});
  return json;
}

}  // namespace

std::string diff_text(store::Store& store, const sweep::Sweep& sweep, const std::string& device) {
  const SweepDiff found = diff(store, sweep, device);
  std::string out = fmt::format("Sweep {} against {}\n\n", sweep.name, store.file().string());
  out += diff_section(found.trials, "trials");
  out += diff_section(found.latencies, "latencies");
  if (sweep.search) out += "and more, which the search chooses while it runs\n";
  if (!found.dropped.empty())
    out += fmt::format("{} trials of the database are no part of it any more, and stay\n      {}\n",
                       found.dropped.size(), listed(found.dropped));
  return out;
}

std::string diff_json(store::Store& store, const sweep::Sweep& sweep, const std::string& device) {
  const SweepDiff found = diff(store, sweep, device);
  ordered_json json{{"sweep", sweep.name}};
  json["trials"] = section_json(found.trials);
  json["latencies"] = section_json(found.latencies);
  json["dropped"] = found.dropped;
  return json.dump(1) + "\n";
}

}  // namespace herosweep::report
