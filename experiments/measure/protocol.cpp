#include "experiments/measure/protocol.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace herosweep::measure {

namespace {

using nlohmann::json;

json number(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

double number_from(const json& value) {
  if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
  if (value.is_string()) {
    const double infinity = std::numeric_limits<double>::infinity();
    return value.get<std::string>() == "-inf" ? -infinity : infinity;
  }
  return value.get<double>();
}

json numbers(const std::vector<float>& values) {
  json array = json::array();
  for (const float value : values) array.push_back(number(value));
  return array;
}

std::vector<float> numbers_from(const json& array) {
  std::vector<float> values;
  values.reserve(array.size());
  for (const json& value : array) values.push_back(static_cast<float>(number_from(value)));
  return values;
}

quant::Site site_from(const std::string& text) {
  for (int s = 0; s < quant::kSites; ++s)
    if (quant::name(static_cast<quant::Site>(s)) == text) return static_cast<quant::Site>(s);
  throw std::invalid_argument("unknown calibration site '" + text + "' in a worker's answer");
}

json to_json(const TaskResult& r) {
  return {{"task", r.task},
          {"metric", r.metric},
          {"value", number(r.value)},
          {"ci", {number(r.interval.low), number(r.interval.high)}},
          {"n", r.n},
          {"flips", r.flips},
          {"drift", number(r.drift)},
          {"cosine", number(r.cosine)},
          {"kl", number(r.kl)},
          {"max_error", number(r.max_error)},
          {"head_hash", r.head_hash},
          {"prediction", numbers(r.outcomes.prediction)},
          {"decision", numbers(r.outcomes.decision)},
          {"label", numbers(r.outcomes.label)}};
}

TaskResult task_from(const json& j) {
  TaskResult r;
  r.task = j.at("task");
  r.metric = j.at("metric");
  r.value = number_from(j.at("value"));
  r.interval = {number_from(j.at("ci").at(0)), number_from(j.at("ci").at(1))};
  r.n = j.at("n");
  r.flips = j.at("flips");
  r.drift = number_from(j.at("drift"));
  r.cosine = number_from(j.at("cosine"));
  r.kl = number_from(j.at("kl"));
  r.max_error = number_from(j.at("max_error"));
  r.head_hash = j.at("head_hash");
  r.outcomes.prediction = numbers_from(j.at("prediction"));
  r.outcomes.decision = numbers_from(j.at("decision"));
  r.outcomes.label = numbers_from(j.at("label"));
  return r;
}

}  // namespace

json to_json(const AccuracyResult& r) {
  json tasks = json::array(), saturation = json::array(), layers = json::array();
  for (const TaskResult& task : r.tasks) tasks.push_back(to_json(task));
  for (const auto& s : r.saturation)
    saturation.push_back({{"layer", s.layer},
                          {"site", quant::name(s.site)},
                          {"elements", s.elements},
                          {"at_limit", s.at_limit}});
  for (const ModuleError& e : r.layers)
    layers.push_back(
        {{"layer", e.layer}, {"cosine", number(e.cosine)}, {"sqnr_db", number(e.sqnr_db)}});
  return {{"tasks", std::move(tasks)},
          {"execution", r.execution},
          {"compute_dtype", r.compute_dtype},
          {"weight_bytes", r.weight_bytes},
          {"workspace_bytes", r.workspace_bytes},
          {"peak_rss_bytes", r.peak_rss_bytes},
          {"launches_per_layer", r.launches_per_layer},
          {"quantize_operators", r.quantize_operators},
          {"floored_scales", r.floored_scales},
          {"calibration_rows", r.calibration_rows},
          {"calibration_rows_asked", r.calibration_rows_asked},
          {"saturation", std::move(saturation)},
          {"layers", std::move(layers)},
          {"seconds", number(r.seconds)}};
}

AccuracyResult accuracy_from_json(const json& j) {
  AccuracyResult r;
  for (const json& task : j.at("tasks")) r.tasks.push_back(task_from(task));
  r.execution = j.at("execution");
  r.compute_dtype = j.at("compute_dtype");
  r.weight_bytes = j.at("weight_bytes");
  r.workspace_bytes = j.at("workspace_bytes");
  r.peak_rss_bytes = j.at("peak_rss_bytes");
  r.launches_per_layer = j.at("launches_per_layer");
  r.quantize_operators = j.at("quantize_operators");
  r.floored_scales = j.at("floored_scales");
  r.calibration_rows = j.at("calibration_rows");
  r.calibration_rows_asked = j.at("calibration_rows_asked");
  for (const json& s : j.at("saturation"))
    r.saturation.push_back(
        {s.at("layer"), site_from(s.at("site")), s.at("elements"), s.at("at_limit")});
  for (const json& e : j.at("layers"))
    r.layers.push_back({e.at("layer"), number_from(e.at("cosine")), number_from(e.at("sqnr_db"))});
  r.seconds = number_from(j.at("seconds"));
  return r;
}

json to_json(const LatencyResult& r) {
  json plans = json::array(), failures = json::array();
  for (const LatencySamples& samples : r.plans)
    plans.push_back({{"plan_hash", samples.plan_hash},
                     {"nanoseconds", samples.nanoseconds},
                     {"wall_nanoseconds", samples.wall_nanoseconds}});
  for (const LatencyFailure& failure : r.failures)
    failures.push_back({{"plan_hash", failure.plan_hash},
                        {"kind", failure.kind},
                        {"message", failure.message},
                        {"log_tail", failure.log_tail}});
  return {{"batch", r.batch},
          {"seq_len", r.seq_len},
          {"threads", r.threads},
          {"baseline_plan_hash", r.baseline_plan_hash},
          {"plans", std::move(plans)},
          {"failures", std::move(failures)},
          {"warmup_rounds", r.warmup_rounds},
          {"clock_mhz_before", number(r.clock_mhz_before)},
          {"clock_mhz_after", number(r.clock_mhz_after)}};
}

LatencyResult latency_from_json(const json& j) {
  LatencyResult r;
  r.batch = j.at("batch");
  r.seq_len = j.at("seq_len");
  r.threads = j.at("threads");
  r.baseline_plan_hash = j.at("baseline_plan_hash");
  for (const json& samples : j.at("plans"))
    r.plans.push_back({samples.at("plan_hash"),
                       samples.at("nanoseconds").get<std::vector<int64_t>>(),
                       samples.at("wall_nanoseconds").get<std::vector<int64_t>>()});
  for (const json& failure : j.at("failures"))
    r.failures.push_back({failure.at("plan_hash"), failure.at("kind"), failure.at("message"),
                          failure.at("log_tail")});
  r.warmup_rounds = j.at("warmup_rounds");
  r.clock_mhz_before = number_from(j.at("clock_mhz_before"));
  r.clock_mhz_after = number_from(j.at("clock_mhz_after"));
  return r;
}

}  // namespace herosweep::measure
