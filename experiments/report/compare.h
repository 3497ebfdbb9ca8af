// Plans compared in pairs, on the same examples and in the same rounds.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/report/resampled.h"
#include "experiments/report/rows.h"
#include "experiments/stats/paired.h"

namespace herosweep::report {

enum class Verdict {
  same,
  faster,
  slower,
  more_accurate,
  less_accurate,
  less_drift,
  more_drift,
  unresolved,
};
std::string_view name(Verdict verdict);  // "MORE ACCURATE"

/// What a comparison is about.
enum class Question { metric, drift, latency };

/// The second plan compared with the first, on one task or in one latency group.
struct Comparison {
  const PlanColumns* first = nullptr;
  const PlanColumns* second = nullptr;
  Question question = Question::metric;
  const TaskInfo* task = nullptr;            // of metric and drift
  const GroupKey* group = nullptr;           // of latency
  int n = 0;                                 // examples or rounds
  double first_value = 0, second_value = 0;  // metric, drift or median ms
  /// second - first; of latency the paired ratio, time of first / time of second.
  double effect = 0;
  stats::Interval interval;         // at 1 - alpha, not adjusted for the number of comparisons
  std::optional<double> p, p_holm;  // nothing where there is no hypothesis to test
  /// Smallest difference (of latency: of the ratio from 1) that 4 of 5 such experiments would
  /// show; nothing where none was estimated.
  std::optional<double> detectable;
  /// Of accuracy: examples that only one of the plans gets right.
  std::optional<int64_t> only_first, only_second;
  bool identical = false;  // every outcome is equal
  std::optional<Verdict> verdict;
  std::string reason;
};

/// Comparisons of pairs of plans. A verdict is SAME where the whole interval lies within the
/// margin, else better or worse where the p-value that Holm's method adjusts over all comparisons
/// of the same question is below alpha, else UNRESOLVED.
class Comparer {
 public:
  Comparer(store::Store& store, const Snapshot& snapshot, const CompareSettings& settings);

  /// Adds what both plans were measured on: every task's metric and drift, every latency group.
  void add(const PlanColumns& first, const PlanColumns& second);
  /// Adjusts and judges all of them.
  std::vector<Comparison> finish();

 private:
  void add_task(const TaskInfo& task, const PlanColumns& first, const PlanColumns& second);
  void add_accuracy(Comparison c, const tasks::Outcomes& a, const tasks::Outcomes& b);
  void add_resampled(Comparison c, const std::vector<double>& a, const std::vector<double>& b);
  void add_latency(const GroupKey& group, const PlanColumns& first, const PlanColumns& second);
  const ResultRow* result(const TaskInfo& task, const std::string& plan_hash) const;

  store::Store& store_;
  const Snapshot& snapshot_;
  CompareSettings settings_;
  Resampler resampler_;
  std::vector<Comparison> comparisons_;
};

/// Verdict and reason of one comparison whose p_holm is set; `family`: comparisons of its question.
void judge(Comparison& comparison, const CompareSettings& settings, int family);

}  // namespace herosweep::report
