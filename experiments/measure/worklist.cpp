#include "experiments/measure/worklist.h"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

#include "core/util/error.h"

namespace herosweep::measure {

namespace {

using store::TrialState;

bool is_floating(const sweep::Variant& variant) {
  return quant::hero_name(variant.plan) == "hero-000000";
}

bool has_latency(const sweep::Variant& variant) {
  return quant::execution(variant.plan) != quant::Execution::simulated;
}

void for_each_group(const sweep::Sweep& sweep, const std::function<void(LatencyWork)>& visit) {
  const sweep::LatencySettings& settings = sweep.latency;
  if (!settings.enabled) return;
  for (const int threads : settings.threads)
    for (const int seq_len : settings.seq_len)
      for (size_t b = 0; b < settings.batch.size(); ++b) {
        const int rounds = settings.rounds[std::min(b, settings.rounds.size() - 1)];
        visit({settings.batch[b], seq_len, threads, rounds, {}});
      }
}

bool any_trial_failed(const sweep::Sweep& sweep, const store::Store& store, int variant) {
  return std::any_of(sweep.trials.begin(), sweep.trials.end(), [&](const auto& trial) {
    return trial.variant == variant && store.state(trial.trial_hash) == TrialState::failed;
  });
}

}  // namespace

int baseline_variant(const sweep::Sweep& sweep) {
  const auto found = std::find_if(sweep.variants.begin(), sweep.variants.end(), is_floating);
  if (found == sweep.variants.end())
    throw ConfigError("sweep " + sweep.name +
                      " has no fp16 plan, the baseline of every latency; add fp16 to sweep.plans");
  return static_cast<int>(found - sweep.variants.begin());
}

std::string contender_name(const sweep::Sweep& sweep, const std::string& plan_hash) {
  for (const sweep::Variant& variant : sweep.variants)
    if (variant.plan_hash == plan_hash) return quant::display_name(variant.plan.name);
  for (const sweep::Peer& peer : sweep.peers)
    if (peer.plan_hash == plan_hash) return peer.name;
  throw std::logic_error("no plan or peer of this sweep has the hash " + plan_hash);
}

std::vector<AccuracyWork> pending_accuracy(const sweep::Sweep& sweep, const store::Store& store,
                                           Only only) {
  const TrialState wanted = only == Only::failed ? TrialState::failed : TrialState::planned;
  std::map<int, AccuracyWork> by_variant;
  for (size_t t = 0; t < sweep.trials.size(); ++t) {
    const sweep::TrialRef& trial = sweep.trials[t];
    if (store.state(trial.trial_hash) != wanted) continue;
    AccuracyWork& work = by_variant[trial.variant];
    work.variant = trial.variant;
    work.trials.push_back(static_cast<int>(t));
  }
  std::vector<AccuracyWork> pending;
  pending.reserve(by_variant.size());
  for (auto& [variant, work] : by_variant) pending.push_back(std::move(work));
  std::stable_partition(pending.begin(), pending.end(), [&](const AccuracyWork& work) {
    return is_floating(sweep.variants[work.variant]);
  });
  return pending;
}

std::vector<LatencyWork> pending_latency(const sweep::Sweep& sweep, const store::Store& store,
                                         Only only, const std::vector<int>& retried) {
  std::vector<LatencyWork> pending;
  for_each_group(sweep, [&](LatencyWork group) {
    const auto add = [&](const std::string& hash, bool just_ran) {
      if (store.has_latency(sweep, hash, group.batch, group.seq_len, group.threads)) return;
      const bool failed =
          store.has_latency_failure(sweep, hash, group.batch, group.seq_len, group.threads);
      if (only == Only::failed ? failed || just_ran : !failed) group.plans.push_back(hash);
    };
    for (size_t v = 0; v < sweep.variants.size(); ++v) {
      const int variant = static_cast<int>(v);
      if (has_latency(sweep.variants[v]) && !any_trial_failed(sweep, store, variant))
        add(sweep.variants[v].plan_hash,
            std::find(retried.begin(), retried.end(), variant) != retried.end());
    }
    for (const sweep::Peer& peer : sweep.peers) add(peer.plan_hash, false);
    if (!group.plans.empty()) pending.push_back(std::move(group));
  });
  return pending;
}

Tally tally(const sweep::Sweep& sweep, const store::Store& store) {
  Tally count;
  for (const auto& trial : sweep.trials) {
    const TrialState state = store.state(trial.trial_hash);
    ++count.trials;
    count.trials_done += state == TrialState::done;
    count.trials_failed += state == TrialState::failed;
  }
  std::vector<std::string> measurable;
  for (const sweep::Variant& variant : sweep.variants)
    if (has_latency(variant)) measurable.push_back(variant.plan_hash);
  for (const sweep::Peer& peer : sweep.peers) measurable.push_back(peer.plan_hash);
  for_each_group(sweep, [&](const LatencyWork& group) {
    for (const std::string& hash : measurable) {
      const bool done = store.has_latency(sweep, hash, group.batch, group.seq_len, group.threads);
      ++count.latencies;
      count.latencies_done += done;
      count.latencies_failed += !done && store.has_latency_failure(sweep, hash, group.batch,
                                                                   group.seq_len, group.threads);
    }
  });
  return count;
}

}  // namespace herosweep::measure
