#include "experiments/report/compare.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>

namespace herosweep::report {

namespace {

using tasks::Outcomes;

struct RightAndWrong {
  int64_t both = 0, only_first = 0, only_second = 0, neither = 0;
};

RightAndWrong count_right(const Outcomes& a, const Outcomes& b) {
  RightAndWrong count;
  for (size_t i = 0; i < a.label.size(); ++i) {
    const bool first = a.prediction[i] == a.label[i];
    const bool second = b.prediction[i] == b.label[i];
    count.both += first && second;
    count.only_first += first && !second;
    count.only_second += !first && second;
    count.neither += !first && !second;
  }
  return count;
}

/// The newest run that measured both plans in the same rounds; nothing where none did.
std::optional<int64_t> common_run(store::Store& store, const SweepInfo& sweep,
                                  const GroupKey& group, const std::string& first,
                                  const std::string& second) {
  SQLite::Statement query(
      store.database(),
      "SELECT g.id FROM latency_groups g JOIN latency_samples a ON a.group_id = g.id "
      "JOIN latency_samples b ON b.group_id = g.id WHERE a.plan_hash = ?1 AND b.plan_hash = ?2 AND "
      "g.weights_hash = ?3 AND g.backend = ?4 AND g.device = ?5 AND g.batch = ?6 AND "
      "g.seq_len = ?7 AND g.threads = ?8 ORDER BY g.id DESC LIMIT 1");
  int index = 1;
  for (const std::string& text : {first, second, sweep.weights_hash, sweep.backend, sweep.device})
    query.bind(index++, text);
  for (const int number : {group.batch, group.seq_len, group.threads}) query.bind(index++, number);
  return query.executeStep() ? std::optional(query.getColumn(0).getInt64()) : std::nullopt;
}

std::vector<double> milliseconds(store::Store& store, int64_t run, const std::string& plan_hash) {
  constexpr double kNanosecondsPerMillisecond = 1e6;
  std::vector<double> values;
  for (const int64_t ns : store.latency_ns(run, plan_hash))
    values.push_back(static_cast<double>(ns) / kNanosecondsPerMillisecond);
  return values;
}

}  // namespace

Comparer::Comparer(store::Store& store, const Snapshot& snapshot, const CompareSettings& settings)
    : store_(store),
      snapshot_(snapshot),
      settings_(settings),
      resampler_(store, snapshot, settings.resamples, settings.seed) {}

const ResultRow* Comparer::result(const TaskInfo& task, const std::string& plan_hash) const {
  const auto found = std::find_if(
      snapshot_.results.begin(), snapshot_.results.end(),
      [&](const ResultRow& row) { return row.task == task.name && row.plan_hash == plan_hash; });
  return found == snapshot_.results.end() ? nullptr : &*found;
}

void Comparer::add_accuracy(Comparison c, const Outcomes& a, const Outcomes& b) {
  const RightAndWrong count = count_right(a, b);
  c.only_first = count.only_first;
  c.only_second = count.only_second;
  c.effect = c.second_value - c.first_value;
  c.interval = stats::paired_proportion_interval(count.both, count.only_first, count.only_second,
                                                 count.neither, 1 - settings_.alpha);
  c.p = stats::sign_test(count.only_first, count.only_second);
  c.detectable = stats::detectable_proportion_difference(c.n, count.only_first + count.only_second,
                                                         settings_.alpha);
  comparisons_.push_back(std::move(c));
}

void Comparer::add_resampled(Comparison c, const std::vector<double>& a,
                             const std::vector<double>& b) {
  const stats::Difference d =
      stats::bootstrap_difference(c.first_value, c.second_value, a, b, 1 - settings_.alpha);
  c.effect = d.difference;
  c.interval = d.interval;
  // The FP16 plan is what drift is measured from: its own is zero by definition, not by chance.
  if (c.question != Question::drift || (!c.first->is_fp16 && !c.second->is_fp16)) {
    c.p = d.p;
    if (d.standard_error > 0)
      c.detectable = stats::detectable_difference(d.standard_error, settings_.alpha);
  }
  comparisons_.push_back(std::move(c));
}

void Comparer::add_task(const TaskInfo& task, const PlanColumns& first, const PlanColumns& second) {
  const ResultRow* a = result(task, first.plan_hash);
  const ResultRow* b = result(task, second.plan_hash);
  if (a == nullptr || b == nullptr) return;
  const Outcomes& of_first = resampler_.outcomes(*a);
  const Outcomes& of_second = resampler_.outcomes(*b);
  if (of_first.label != of_second.label)
    throw StoreError(store_.file().string() + ": " + a->plan + " and " + b->plan +
                     " were scored on different examples of task " + task.name +
                     ", which cannot be paired; run the sweep again");
  Comparison c;
  c.first = &first;
  c.second = &second;
  c.task = &task;
  c.n = static_cast<int>(of_first.label.size());
  c.first_value = a->value;
  c.second_value = b->value;
  c.identical = of_first.prediction == of_second.prediction;
  if (tasks::metric_from_name(task.metric) == tasks::Metric::accuracy)
    add_accuracy(c, of_first, of_second);
  else
    add_resampled(c, resampler_.metric(*a), resampler_.metric(*b));
  if (!a->drift || !b->drift) return;
  c.question = Question::drift;
  c.first_value = *a->drift;
  c.second_value = *b->drift;
  c.identical = of_first.decision == of_second.decision;
  add_resampled(std::move(c), resampler_.drift(*a), resampler_.drift(*b));
}

void Comparer::add_latency(const GroupKey& group, const PlanColumns& first,
                           const PlanColumns& second) {
  const auto run = common_run(store_, snapshot_.sweep, group, first.plan_hash, second.plan_hash);
  if (!run) return;
  const auto a = milliseconds(store_, *run, first.plan_hash);
  const auto b = milliseconds(store_, *run, second.plan_hash);
  const stats::Ratio ratio = stats::paired_ratio(a, b, 1 - settings_.alpha);
  int64_t faster = 0, slower = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    faster += b[i] < a[i];
    slower += b[i] > a[i];
  }
  Comparison c;
  c.first = &first;
  c.second = &second;
  c.question = Question::latency;
  c.group = &group;
  c.n = static_cast<int>(a.size());
  c.first_value = stats::median(a);
  c.second_value = stats::median(b);
  c.effect = ratio.ratio;
  c.interval = ratio.interval;
  c.p = stats::sign_test(faster, slower);
  // The half width of an interval at level alpha is that normal quantile times the error.
  const double error = (ratio.interval.high - ratio.interval.low) / 2 /
                       stats::normal_quantile(1 - settings_.alpha / 2);
  c.detectable = stats::detectable_difference(error, settings_.alpha);
  comparisons_.push_back(std::move(c));
}

void Comparer::add(const PlanColumns& first, const PlanColumns& second) {
  for (const TaskInfo& task : snapshot_.tasks) add_task(task, first, second);
  for (const GroupKey& group : snapshot_.groups) add_latency(group, first, second);
}

std::vector<Comparison> Comparer::finish() {
  for (const Question question : {Question::metric, Question::drift, Question::latency}) {
    std::vector<Comparison*> family;
    std::vector<double> p;
    for (Comparison& c : comparisons_) {
      if (c.question != question || !c.p) continue;
      family.push_back(&c);
      p.push_back(*c.p);
    }
    const std::vector<double> adjusted = stats::holm(p);
    for (size_t i = 0; i < family.size(); ++i) {
      family[i]->p_holm = adjusted[i];
      judge(*family[i], settings_, static_cast<int>(family.size()));
    }
  }
  return std::move(comparisons_);
}

}  // namespace herosweep::report
