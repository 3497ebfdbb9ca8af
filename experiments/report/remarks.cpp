// Warnings and notes: what must be said beside the numbers.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/quant/plan.h"
#include "experiments/report/rows.h"
#include "experiments/report/table.h"

namespace herosweep::report {

namespace {

/// A clock that moved by more has changed times by about as much as differences between plans.
constexpr double kClockTolerance = 0.05;
/// Below, the 95 % interval of a median spans nearly the whole sample.
constexpr int kFewRounds = 10;
/// Below, a 95 % interval of an accuracy is wider than ten points.
constexpr int kFewExamples = 100;

void warn_dirty_tree(const Snapshot& s, std::vector<std::string>& out) {
  const auto environment = nlohmann::json::parse(s.sweep.environment, nullptr, false);
  if (environment.is_object() && environment.value("git_dirty", nlohmann::json()) == true)
    out.push_back(
        "The program was built from a source tree with uncommitted changes: these numbers cannot "
        "be remade from a commit.");
}

/// Whether the sweep's own config asks for a model of random weights.
bool has_random_weights(const Snapshot& s) {
  try {
    const YAML::Node model = YAML::Load(s.sweep.config)["model"];
    return model.IsMap() && model["weights"] && model["weights"].as<std::string>() == "random";
  } catch (const YAML::Exception&) {
    return false;  // a config that this program did not write says nothing
  }
}

void warn_random_weights(const Snapshot& s, std::vector<std::string>& out) {
  if (has_random_weights(s))
    out.push_back(
        "The weights are random and so are the token ids: times and memory are those of the "
        "model's shape, metrics and drift say nothing of a trained model.");
}

void warn_clocks(const Snapshot& s, std::vector<std::string>& out) {
  std::set<GroupKey> seen;
  for (const LatencyRow& row : s.latency) {
    if (!row.clock_mhz_before || !row.clock_mhz_after) continue;
    const double change = *row.clock_mhz_after / *row.clock_mhz_before - 1;
    if (std::abs(change) > kClockTolerance && seen.insert(row.group).second)
      out.push_back(fmt::format(
          "The clock moved by {:+.0f} % during the latency rounds at batch {}: trust ratios, not "
          "milliseconds.",
          100 * change, row.group.batch));
  }
}

void warn_mixed_runs(const Snapshot& s, std::vector<std::string>& out) {
  std::map<GroupKey, std::set<int64_t>> runs;
  for (const LatencyRow& row : s.latency) runs[row.group].insert(row.group_id);
  for (const auto& [group, ids] : runs)
    if (ids.size() > 1)
      out.push_back(fmt::format(
          "Times at {} come from {} runs: milliseconds do not compare between runs, speed-ups do "
          "(`pareto --metrics value,ratio`).",
          describe(group), ids.size()));
}

void warn_few_samples(const Snapshot& s, std::vector<std::string>& out) {
  std::set<GroupKey> groups;
  for (const LatencyRow& row : s.latency)
    if (row.n < kFewRounds && groups.insert(row.group).second)
      out.push_back(fmt::format(
          "Only {} latency rounds at batch {}: run with at least {} to believe the intervals.",
          row.n, row.group.batch, kFewRounds));
  std::set<std::string> tasks;
  for (const ResultRow& row : s.results)
    if (row.n < kFewExamples && tasks.insert(row.task).second)
      out.push_back(
          fmt::format("Task {} has only {} examples: its intervals are wide.", row.task, row.n));
}

void warn_calibration(const Snapshot& s, std::vector<std::string>& out) {
  for (const ResultRow& row : s.results)
    if (row.calibration_rows < row.calibration_rows_asked) {
      out.push_back(fmt::format("Calibration saw {} of the {} rows that were asked for.",
                                row.calibration_rows, row.calibration_rows_asked));
      return;
    }
}

}  // namespace

std::vector<std::string> warnings(const Snapshot& s) {
  std::vector<std::string> out;
  if (!s.failures.empty())
    out.push_back(fmt::format("{} {} failed and {} missing below; `herosweep status` says why.",
                              s.failures.size(), s.failures.size() == 1 ? "trial" : "trials",
                              s.failures.size() == 1 ? "is" : "are"));
  if (const int open = s.trials.planned + s.trials.running; open > 0)
    out.push_back(fmt::format(
        "The sweep is not complete: {} of {} trials are still to run; start it again to go on.",
        open, s.trials.total()));
  warn_dirty_tree(s, out);
  warn_random_weights(s, out);
  warn_clocks(s, out);
  warn_mixed_runs(s, out);
  warn_few_samples(s, out);
  warn_calibration(s, out);
  return out;
}

std::vector<std::string> peer_notes(const Snapshot& s, const GroupKey& group) {
  std::vector<std::string> out;
  for (const LatencyRow& row : s.latency)
    if (row.is_peer() && row.group == group)
      out.push_back(fmt::format(
          "{} (another engine{}): {:.3f} ms, {:.2f}x FP16 [{:.2f}, {:.2f}]; latency alone.",
          row.display, row.peer_version.empty() ? "" : ", " + row.peer_version, row.median_ms,
          row.ratio, row.ratio_low, row.ratio_high));
  return out;
}

std::vector<std::string> notes(const Snapshot& s) {
  std::vector<std::string> out;
  if (!s.sweep.notes.empty()) out.push_back(s.sweep.notes);
  const auto any = [&](auto predicate) {
    return std::any_of(s.results.begin(), s.results.end(), predicate);
  };
  if (any([](const ResultRow& r) { return r.plan.starts_with("hero-"); }))
    out.push_back(
        fmt::format("hero-XXXXXX: INT8 (1) or FP16 (0) for embedding, QKV, attention, attention "
                    "output, FC1 and "
                    "FC2. M1 is {}, M2 {}, M3 {}.",
                    quant::named_plan("M1", 1).name, quant::named_plan("M2", 1).name,
                    quant::named_plan("M3", 1).name));
  if (any([](const ResultRow& r) { return r.compute_dtype == "float32"; }))
    out.push_back(fmt::format(
        "Compute dtype float32: on the {} backend, modules in mode fp16 compute in FP32.",
        s.sweep.backend));
  if (any([](const ResultRow& r) { return r.execution == "simulated"; }))
    out.push_back(
        "simulated: quantized values computed in floating point; accuracy only, no latency.");
  if (any([](const ResultRow& r) { return r.execution == "weight-only"; }))
    out.push_back("weight-only: integer weights, floating-point arithmetic.");
  if (std::any_of(s.latency.begin(), s.latency.end(), [](const auto& r) { return r.is_peer(); }))
    out.push_back("peer: another engine, a process of its own in the same interleaved rounds.");
  return out;
}

}  // namespace herosweep::report
