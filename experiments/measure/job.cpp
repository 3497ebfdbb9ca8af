#include "experiments/measure/job.h"

#include <nlohmann/json.hpp>

namespace herosweep::measure {

namespace {

using nlohmann::json;

json tasks_json(const std::vector<tasks::TaskSpec>& specs) {
  json array = json::array();
  for (const auto& spec : specs) array.push_back(tasks::to_json(spec));
  return array;
}

std::vector<tasks::TaskSpec> tasks_from(const json& array) {
  std::vector<tasks::TaskSpec> specs;
  for (const json& spec : array) specs.push_back(tasks::task_from_json(spec));
  return specs;
}

json head(const std::string& type, int id, const Setting& setting) {
  return {{"type", type},
          {"job", id},
          {"model", setting.model.string()},
          {"backend", setting.backend},
          {"threads", setting.threads},
          {"cache", setting.cache.string()},
          {"weights_hash", setting.weights_hash}};
}

Setting setting_from(const json& j) {
  return {j.at("model").get<std::string>(), j.at("backend"), j.at("threads"),
          j.at("cache").get<std::string>(), j.value("weights_hash", "")};
}

}  // namespace

json to_json(const sweep::Variant& variant) {
  return {{"name", variant.plan.name},
          {"plan", quant::to_json(variant.plan)},
          {"calibration", quant::to_json(variant.calibration)},
          {"seed", variant.seed},
          {"label", variant.label},
          {"plan_hash", variant.plan_hash}};
}

sweep::Variant variant_from_json(const json& j) {
  sweep::Variant variant;
  variant.plan = quant::plan_from_json(j.at("plan"));
  variant.plan.name = j.at("name");
  variant.calibration = quant::settings_from_json(j.at("calibration"));
  variant.seed = j.at("seed");
  variant.label = j.at("label");
  variant.plan_hash = j.at("plan_hash");
  return variant;
}

json to_json(const AccuracyJob& job, const std::string& type) {
  json j = head(type, job.id, job.setting);
  j["variant"] = to_json(job.variant);
  j["tasks"] = tasks_json(job.tasks);
  j["calibration_tasks"] = tasks_json(job.calibration_tasks);
  j["bootstrap"] = job.bootstrap_resamples;
  return j;
}

AccuracyJob accuracy_job_from_json(const json& j) {
  AccuracyJob job;
  job.id = j.at("job");
  job.setting = setting_from(j);
  job.variant = variant_from_json(j.at("variant"));
  job.tasks = tasks_from(j.at("tasks"));
  job.calibration_tasks = tasks_from(j.at("calibration_tasks"));
  job.bootstrap_resamples = j.at("bootstrap");
  return job;
}

json to_json(const LatencyJob& job) {
  json j = head("latency", job.id, job.setting);
  j["variants"] = json::array();
  for (const auto& variant : job.variants) j["variants"].push_back(to_json(variant));
  j["peers"] = json::array();
  for (const auto& peer : job.peers)
    j["peers"].push_back(
        {{"name", peer.name}, {"command", peer.command}, {"plan_hash", peer.plan_hash}});
  j["calibration_tasks"] = tasks_json(job.calibration_tasks);
  j["batch"] = job.batch;
  j["seq_len"] = job.seq_len;
  j["rounds"] = job.rounds;
  j["max_seconds"] = job.max_seconds;
  j["seed"] = job.seed;
  j["peer_timeout"] = job.peer_timeout_seconds;
  j["peer_logs"] = job.peer_logs.string();
  return j;
}

LatencyJob latency_job_from_json(const json& j) {
  LatencyJob job;
  job.id = j.at("job");
  job.setting = setting_from(j);
  for (const json& variant : j.at("variants")) job.variants.push_back(variant_from_json(variant));
  for (const json& peer : j.at("peers")) {
    job.peers.emplace_back();
    job.peers.back().name = peer.at("name");
    job.peers.back().command = peer.at("command").get<std::vector<std::string>>();
    job.peers.back().plan_hash = peer.at("plan_hash");
  }
  job.calibration_tasks = tasks_from(j.at("calibration_tasks"));
  job.batch = j.at("batch");
  job.seq_len = j.at("seq_len");
  job.rounds = j.at("rounds");
  job.max_seconds = j.at("max_seconds");
  job.seed = j.at("seed");
  job.peer_timeout_seconds = j.at("peer_timeout");
  job.peer_logs = j.at("peer_logs").get<std::string>();
  return job;
}

}  // namespace herosweep::measure
