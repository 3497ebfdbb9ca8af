// The `compare` command: verdicts for a terminal and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/util/error.h"
#include "experiments/report/compare.h"
#include "experiments/report/plans.h"
#include "experiments/report/writers.h"

namespace herosweep::report {

namespace {

using nlohmann::ordered_json;

std::vector<Comparison> comparisons(store::Store& store, const Snapshot& s,
                                    const CompareOptions& options) {
  const bool any = !options.first.empty() || !options.second.empty();
  const bool pair = !options.first.empty() && !options.second.empty();
  if (options.against.empty() ? !pair : any)
    throw ConfigError("compare takes two plans, or --against PLAN for all plans against that one");
  Comparer comparer(store, s, options.settings);
  const PlanColumns& first =
      find_plan(s, options.against.empty() ? options.first : options.against);
  if (options.against.empty()) {
    const PlanColumns& second = find_plan(s, options.second);
    if (second.plan_hash == first.plan_hash)
      throw ConfigError(
          fmt::format("'{}' and '{}' are the same plan", options.first, options.second));
    comparer.add(first, second);
  } else {
    for (const PlanColumns* plan : plans_of(s))
      if (plan->plan_hash != first.plan_hash) comparer.add(first, *plan);
  }
  std::vector<Comparison> all = comparer.finish();
  if (all.empty())
    throw StoreError(fmt::format(
        "{}: sweep {} has measured no two of these plans on the same task or in the same rounds; "
        "run it to its end first",
        store.file().string(), s.sweep.name));
  return all;
}

std::string question_text(const Comparison& c) {
  if (c.question == Question::latency) return "latency, " + describe(*c.group);
  return c.task->name + (c.question == Question::drift ? " drift" : " " + c.task->metric);
}

std::string value_text(const Comparison& c, double value) {
  return c.question == Question::latency ? fmt::format("{:.3f} ms", value)
                                         : fmt::format("{:.4f}", value);
}

std::string effect_text(const Comparison& c) {
  if (c.question == Question::latency)
    return fmt::format("{:.3f}x [{:.3f}, {:.3f}]", c.effect, c.interval.low, c.interval.high);
  return fmt::format("{:+.4f} [{:+.4f}, {:+.4f}]", c.effect, c.interval.low, c.interval.high);
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "n/a";
  return *p < 1e-4 ? "<0.0001" : fmt::format("{:.4f}", *p);
}

std::string verdict_text(const Comparison& c) {
  return c.verdict ? std::string(name(*c.verdict)) : "not tested";
}

TableRow row_of(const Comparison& c, std::string subject) {
  TableRow row;
  for (std::string& text : std::vector<std::string>{
           std::move(subject), std::to_string(c.n), value_text(c, c.first_value),
           value_text(c, c.second_value), effect_text(c), p_text(c.p), p_text(c.p_holm),
           verdict_text(c), c.reason})
    row.cells.push_back({std::move(text)});
  return row;
}

Table table_of(const std::string& subject, const std::string& first, const std::string& second) {
  Table table;
  for (const std::string& title :
       {subject, std::string("n"), first, second, std::string("effect"), std::string("p"),
        std::string("p (Holm)"), std::string("verdict"), std::string("because")})
    table.columns.push_back({title, title});
  return table;
}

/// One plan with another: a row a question.
std::string pair_text(const std::vector<Comparison>& all) {
  const std::string first = plan_label(*all[0].first), second = plan_label(*all[0].second);
  Table table = table_of("on", first, second);
  for (const Comparison& c : all) table.rows.push_back(row_of(c, question_text(c)));
  return fmt::format("{} compared with {}\n\n{}", second, first, write_terminal(table));
}

/// Many plans with one: a table a question, a row a plan.
std::string against_text(const std::vector<Comparison>& all) {
  std::vector<std::string> questions;
  for (const Comparison& c : all)
    if (std::find(questions.begin(), questions.end(), question_text(c)) == questions.end())
      questions.push_back(question_text(c));
  const std::string first = plan_label(*all[0].first);
  std::string out = fmt::format("Every plan compared with {}\n", first);
  for (const std::string& question : questions) {
    Table table = table_of("plan", first, "plan's");
    for (const Comparison& c : all)
      if (question_text(c) == question) table.rows.push_back(row_of(c, plan_label(*c.second)));
    out += fmt::format("\n{}\n\n{}", question, write_terminal(table));
  }
  return out;
}

std::string footnotes(const CompareSettings& settings) {
  return fmt::format(
      "\nEffects are the second plan minus the first; of latency, time of the first over time of "
      "the second, paired by round.\nIntervals are {:g} %. Accuracy: exact McNemar test; other "
      "metrics and drift: paired bootstrap, {} resamples, seed {}; latency: sign test over "
      "rounds.\nVerdicts use p after Holm's adjustment over all comparisons of a kind; SAME: the "
      "whole interval lies within {:g} points, a drift of {:g} or {:g} %.\n\"show ... or more\": "
      "what this many would detect in 4 of 5 experiments.\n",
      100 * (1 - settings.alpha), settings.resamples, settings.seed, settings.metric_margin,
      settings.drift_margin, settings.latency_margin);
}

ordered_json optional_json(const auto& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json plan_json(const PlanColumns& plan) {
  return {{"plan", plan.plan},
          {"display", plan.display},
          {"variant", plan.variant},
          {"plan_hash", plan.plan_hash}};
}

ordered_json comparison_json(const Comparison& c) {
  ordered_json json{{"first", plan_json(*c.first)}, {"second", plan_json(*c.second)}};
  json["question"] = c.question == Question::metric  ? c.task->metric
                     : c.question == Question::drift ? "drift"
                                                     : "latency";
  if (c.task) json["task"] = c.task->name;
  if (c.group) {
    json["batch"] = c.group->batch;
    json["seq_len"] = c.group->seq_len;
    json["threads"] = c.group->threads;
  }
  json["n"] = c.n;
  json["first_value"] = c.first_value;
  json["second_value"] = c.second_value;
  json["effect"] = c.effect;
  json["effect_low"] = c.interval.low;
  json["effect_high"] = c.interval.high;
  json["p"] = optional_json(c.p);
  json["p_holm"] = optional_json(c.p_holm);
  json["detectable"] = optional_json(c.detectable);
  if (c.only_first) json["only_first_right"] = *c.only_first;
  if (c.only_second) json["only_second_right"] = *c.only_second;
  json["verdict"] = c.verdict ? ordered_json(name(*c.verdict)) : ordered_json();
  json["reason"] = c.reason;
  return json;
}

}  // namespace

std::string compare_text(store::Store& store, const CompareOptions& options) {
  const Snapshot s = load_snapshot(store, options.filter);
  const auto all = comparisons(store, s, options);
  std::string out = fmt::format("Sweep {}: {} on {} ({})\n", s.sweep.name, s.sweep.model,
                                s.sweep.backend, s.sweep.device);
  out += options.against.empty() ? pair_text(all) : against_text(all);
  out += footnotes(options.settings);
  for (const std::string& warning : warnings(s)) out += "Warning: " + warning + "\n";
  return out;
}

std::string compare_json(store::Store& store, const CompareOptions& options) {
  const Snapshot s = load_snapshot(store, options.filter);
  const CompareSettings& settings = options.settings;
  ordered_json json{{"sweep", s.sweep.name},
                    {"alpha", settings.alpha},
                    {"resamples", settings.resamples},
                    {"seed", settings.seed},
                    {"margins",
                     {{"metric_points", settings.metric_margin},
                      {"drift", settings.drift_margin},
                      {"latency_percent", settings.latency_margin}}}};
  for (const Comparison& c : comparisons(store, s, options))
    json["comparisons"].push_back(comparison_json(c));
  json["warnings"] = warnings(s);
  return json.dump(1) + "\n";
}

}  // namespace herosweep::report
