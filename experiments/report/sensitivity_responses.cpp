// What was measured of the plans that a sensitivity analysis looks at.
#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/plans.h"
#include "experiments/report/resampled.h"
#include "experiments/report/sensitivity.h"
#include "experiments/report/table.h"

namespace herosweep::report {

namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
constexpr double kBytesPerMegabyte = 1e6;

quant::Plan load_plan(store::Store& store, const std::string& plan_hash) {
  SQLite::Statement query(store.database(), "SELECT plan FROM plans WHERE plan_hash = ?1");
  query.bind(1, plan_hash);
  if (!query.executeStep()) throw StoreError(store.file().string() + ": has no plan " + plan_hash);
  return quant::plan_from_json(nlohmann::json::parse(query.getColumn(0).getString()));
}

/// The set of INT8 modules where all layers are alike and all schemes are FP16 or INT8.
std::optional<uint32_t> bits_of(const quant::Plan& plan) {
  uint32_t bits = 0;
  for (const quant::Module module : quant::kAllModules) {
    const quant::Scheme scheme = plan.scheme(0, module);
    for (int layer = 1; layer < static_cast<int>(plan.layers.size()); ++layer)
      if (plan.scheme(layer, module) != scheme) return std::nullopt;
    if (scheme == quant::Scheme::int8)
      bits |= uint32_t{1} << static_cast<int>(module);
    else if (scheme != quant::Scheme::fp16)
      return std::nullopt;
  }
  return bits;
}

Response unmeasured(size_t plans, std::string metric, std::string title) {
  Response response;
  response.metric = std::move(metric);
  response.title = std::move(title);
  response.value.assign(plans, kNotMeasured);
  response.replicates.resize(plans);
  return response;
}

const ResultRow* row_of(const Snapshot& s, const TaskInfo& task, const std::string& plan_hash) {
  const auto found = std::find_if(s.results.begin(), s.results.end(), [&](const ResultRow& row) {
    return row.task == task.name && row.plan_hash == plan_hash;
  });
  return found == s.results.end() ? nullptr : &*found;
}

class Collector {
 public:
  Collector(store::Store& store, const Snapshot& snapshot, const SensitivityPlans& plans,
            const SensitivityOptions& options)
      : store_(store),
        snapshot_(snapshot),
        plans_(plans),
        has_resamples_(options.resamples > 0),
        resampler_(store, snapshot, options.resamples, options.seed) {}

  void add(const std::string& metric) {
    if (metric == "drift" || metric == "value") {
      for (const TaskInfo& task : snapshot_.tasks) add_task(metric, task);
    } else if (metric == "latency") {
      for (const GroupKey& group : snapshot_.groups) add_group(group);
    } else if (metric == "weight_bytes") {
      add_memory(metric, "weights", &MemoryRow::weight_bytes);
    } else if (metric == "peak_bytes") {
      add_memory(metric, "peak memory", &MemoryRow::peak_bytes);
    } else {
      throw ConfigError(fmt::format(
          "there is no response '{}'; sensitivity looks at drift, value, latency, weight_bytes and "
          "peak_bytes",
          metric));
    }
  }

  std::vector<Response> take() { return std::move(responses_); }

 private:
  void add_task(const std::string& metric, const TaskInfo& task) {
    const bool drift = metric == "drift";
    Response response =
        unmeasured(plans_.plans.size(), metric, task.name + " " + (drift ? "drift" : task.metric));
    if (has_resamples_) response.noise = Response::Noise::examples;
    for (size_t i = 0; i < plans_.plans.size(); ++i) {
      const ResultRow* row = row_of(snapshot_, task, plans_.columns[i].plan_hash);
      if (row == nullptr || (drift && !row->drift)) continue;
      response.value[i] = drift ? *row->drift : row->value;
      if (has_resamples_)
        response.replicates[i] = drift ? resampler_.drift(*row) : resampler_.metric(*row);
    }
    responses_.push_back(std::move(response));
  }

  /// Times as a share of FP16's in the same round. Of several runs of the group the one that holds
  /// most plans is taken, since rounds of different runs cannot be paired.
  void add_group(const GroupKey& group) {
    Response response = unmeasured(plans_.plans.size(), "latency", "time, " + describe(group));
    response.noise = Response::Noise::rounds;
    response.unit = "% of FP16";
    response.decimals = 2;
    const auto run = fullest_run(group);
    if (!run) return;
    const auto fp16 = store_.latency_ns(run->first, run->second);
    for (size_t i = 0; i < plans_.plans.size(); ++i) {
      if (!is_in(run->first, plans_.columns[i].plan_hash)) continue;
      const auto own = store_.latency_ns(run->first, plans_.columns[i].plan_hash);
      for (size_t round = 0; round < std::min(own.size(), fp16.size()); ++round)
        response.replicates[i].push_back(100 * static_cast<double>(own[round]) /
                                         static_cast<double>(fp16[round]));
      response.value[i] = stats::median(response.replicates[i]);
    }
    responses_.push_back(std::move(response));
  }

  /// Id and baseline plan.
  std::optional<std::pair<int64_t, std::string>> fullest_run(const GroupKey& group) {
    SQLite::Statement query(
        store_.database(),
        "SELECT g.id, g.baseline_plan_hash FROM latency_groups g "
        "JOIN latency_samples l ON l.group_id = g.id "
        "JOIN sweep_plans sp ON sp.plan_hash = l.plan_hash AND sp.sweep_id = ?1 "
        "WHERE g.weights_hash = ?2 AND g.backend = ?3 AND g.device = ?4 AND g.batch = ?5 AND "
        "g.seq_len = ?6 AND g.threads = ?7 GROUP BY g.id ORDER BY count(*) DESC, g.id DESC LIMIT "
        "1");
    query.bind(1, snapshot_.sweep.id);
    query.bind(2, snapshot_.sweep.weights_hash);
    query.bind(3, snapshot_.sweep.backend);
    query.bind(4, snapshot_.sweep.device);
    int index = 5;
    for (const int number : {group.batch, group.seq_len, group.threads})
      query.bind(index++, number);
    if (!query.executeStep()) return std::nullopt;
    return std::pair(query.getColumn(0).getInt64(), query.getColumn(1).getString());
  }

  bool is_in(int64_t run, const std::string& plan_hash) {
    SQLite::Statement query(store_.database(),
                            "SELECT 1 FROM latency_samples WHERE group_id = ?1 AND plan_hash = ?2");
    query.bind(1, run);
    query.bind(2, plan_hash);
    return query.executeStep();
  }

  void add_memory(const std::string& metric, const char* title, int64_t MemoryRow::*bytes) {
    Response response = unmeasured(plans_.plans.size(), metric, title);
    response.unit = "MB";
    response.decimals = 1;
    for (size_t i = 0; i < plans_.plans.size(); ++i)
      for (const MemoryRow& row : snapshot_.memory)
        if (row.plan_hash == plans_.columns[i].plan_hash)
          response.value[i] = static_cast<double>(row.*bytes) / kBytesPerMegabyte;
    responses_.push_back(std::move(response));
  }

  store::Store& store_;
  const Snapshot& snapshot_;
  const SensitivityPlans& plans_;
  const bool has_resamples_;
  Resampler resampler_;
  std::vector<Response> responses_;
};

}  // namespace

int SensitivityPlans::uniform(uint32_t bits) const {
  const auto found = by_bits.find(bits);
  return found == by_bits.end() ? -1 : found->second;
}

SensitivityPlans sensitivity_plans(store::Store& store, const Snapshot& snapshot,
                                   const std::string& variant) {
  SensitivityPlans result;
  result.layers = snapshot.sweep.layers;
  std::vector<std::string> variants;
  for (const PlanColumns* plan : plans_of(snapshot)) {
    if (plan->is_peer()) continue;
    if (std::find(variants.begin(), variants.end(), plan->variant) == variants.end())
      variants.push_back(plan->variant);
    if (plan->variant != variant && !plan->is_fp16) continue;
    result.columns.push_back(*plan);
    result.plans.push_back(load_plan(store, plan->plan_hash));
    if (const auto bits = bits_of(result.plans.back()))
      result.by_bits.emplace(*bits, static_cast<int>(result.plans.size()) - 1);
  }
  if (std::find(variants.begin(), variants.end(), variant) == variants.end())
    throw ConfigError(fmt::format("no plan of sweep {} has the variant '{}'; there are '{}'",
                                  snapshot.sweep.name, variant, fmt::join(variants, "', '")));
  return result;
}

std::vector<Response> responses(store::Store& store, const Snapshot& snapshot,
                                const SensitivityPlans& plans, const SensitivityOptions& options) {
  Collector collector(store, snapshot, plans, options);
  for (const std::string& metric : options.metrics) collector.add(metric);
  return collector.take();
}

}  // namespace herosweep::report
