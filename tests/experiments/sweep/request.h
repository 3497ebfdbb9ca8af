// A sweep request without files, for tests of expansion and identity.
#pragma once

#include "experiments/sweep/space.h"

namespace herosweep::test {

inline tasks::TaskSpec toy_task(const std::string& name, tasks::Metric metric) {
  tasks::TaskSpec task;
  task.name = name;
  task.files["all"] = "/somewhere/toy.tsv";
  task.text_columns = {"text"};
  task.label_column = "rating";
  task.split_rule = tasks::SplitRule::sha256_mod5;
  task.head = tasks::HeadKind::ridge;
  task.metric = metric;
  task.head_lambda = 0.3;
  return task;
}

/// Six layers of 384, as the quickstart's model.
inline sweep::ModelRef small_model() {
  sweep::ModelRef model;
  model.directory = "/models/small";
  model.name = "small";
  model.weights_hash = "00ff";
  model.config.layers = 6;
  model.config.hidden = 384;
  model.config.heads = 12;
  model.config.intermediate = 1536;
  model.config.vocabulary = 30522;
  model.config.max_positions = 512;
  return model;
}

inline sweep::SweepRequest small_request() {
  sweep::SweepRequest request;
  request.name = "test";
  request.model_directory = "/models/small";
  request.tasks = {toy_task("toy", tasks::Metric::spearman)};
  request.task_where = {"sweep.yaml:2:9: tasks[0]"};
  request.space.where = "sweep.yaml:3:8: sweep";
  request.latency_where = "sweep.yaml:4:10: latency";
  return request;
}

inline sweep::PlanSpec named(const std::string& name) {
  return {name, name, false, {}, {}, "sweep.yaml:5:3: sweep.plans"};
}

inline void use_all_modules(sweep::Space& space) {
  space.modules.emplace();
  space.modules->fill({quant::Scheme::fp16, quant::Scheme::int8});
}

inline sweep::Sweep expanded(const sweep::SweepRequest& request) {
  std::vector<sweep::TaskFacts> facts;
  for (size_t i = 0; i < request.tasks.size(); ++i) facts.push_back({"data", "tokenizer"});
  return sweep::expand(request, small_model(), facts);
}

}  // namespace herosweep::test
