#include "experiments/measure/heads.h"

#include <nlohmann/json.hpp>
#include <numeric>

#include "core/util/sha256.h"
#include "experiments/measure/files.h"
#include "experiments/tasks/corpus.h"

namespace herosweep::measure {

namespace {

bool is_fitted(tasks::HeadKind kind) {
  return kind == tasks::HeadKind::ridge || kind == tasks::HeadKind::logistic;
}

std::string head_key(const model::BertModel& model, const tasks::PreparedTask& task,
                     const kernels::Backend& backend) {
  util::Sha256 labels;
  labels.update(task.train.labels.data(), task.train.labels.size() * sizeof(double));
  return sweep::canonical_hash({{"kind", "head"},
                                {"weights", model.weights_hash},
                                {"tokens", hash_tokens(task.train.tokens)},
                                {"labels", labels.hex()},
                                {"head", tasks::name(task.spec.head)},
                                {"lambda", task.spec.head_lambda},
                                {"arithmetic", arithmetic(backend)},
                                {"numerics", sweep::kNumericsVersion}});
}

/// One sequence a row, in the order of `rows`.
std::vector<float> gather(const Features& features, const std::vector<int>& rows) {
  std::vector<float> values;
  values.reserve(rows.size() * features.hidden);
  for (const int row : rows) {
    const float* from = features.pooled_rows().row(row);
    values.insert(values.end(), from, from + features.hidden);
  }
  return values;
}

tasks::FittedHead fit(const tasks::PreparedTask& task, const std::vector<float>& features,
                      int hidden) {
  const auto& labels = task.train.labels;
  const double lambda = task.spec.head_lambda;
  if (task.spec.head == tasks::HeadKind::logistic)
    return tasks::fit_logistic(features, hidden, labels, lambda);
  // The squared errors are summed, not averaged, so the penalty grows with the rows.
  return tasks::fit_ridge(features, hidden, labels, lambda * static_cast<double>(labels.size()));
}

}  // namespace

std::vector<std::optional<tasks::FittedHead>> obtain_heads(
    const model::BertModel& model, const std::vector<const tasks::PreparedTask*>& prepared,
    const Setting& setting, const Progress& progress) {
  const auto& backend = fp32_backend(setting);
  std::vector<std::optional<tasks::FittedHead>> heads(prepared.size());
  std::vector<std::filesystem::path> files(prepared.size());
  std::vector<std::vector<int>> rows(prepared.size());
  tasks::Corpus corpus;
  for (size_t t = 0; t < prepared.size(); ++t) {
    if (!is_fitted(prepared[t]->spec.head)) continue;
    if (prepared[t]->train.examples() == 0)
      throw DataError(
          "task " + prepared[t]->spec.name + ": a " +
          std::string(tasks::name(prepared[t]->spec.head)) +
          " head is fitted on train rows, and the task has none; declare a train split");
    files[t] = cache_file(setting.cache, "heads", head_key(model, *prepared[t], backend));
    heads[t] = read_cached(files[t], [&] { return tasks::load_head(files[t]); });
    if (!heads[t]) rows[t] = corpus.add(prepared[t]->train.tokens);
  }
  if (corpus.rows() == 0) return heads;
  engine::Engine engine(model, twin_plan(model), nullptr, backend);
  const Features features =
      encode(engine, model.config.hidden, corpus.tokens(), backend.tokens_per_pass,
             [&](int done, int total, const std::string&) {
               progress(done, total, "features to fit the heads on");
             });
  for (size_t t = 0; t < prepared.size(); ++t) {
    if (rows[t].empty()) continue;
    heads[t] = fit(*prepared[t], gather(features, rows[t]), model.config.hidden);
    tasks::save_head(*heads[t], files[t]);
  }
  return heads;
}

std::vector<float> classifier_logits(const model::BertModel& model, const Features& features) {
  const int rows = static_cast<int>(features.first.size()) / features.hidden;
  engine::Batch first_tokens;  // classify reads each sequence's first row; here it is the only one
  first_tokens.offsets.resize(rows + 1);
  std::iota(first_tokens.offsets.begin(), first_tokens.offsets.end(), 0);
  std::vector<float> logits(static_cast<size_t>(rows) * model.classifier.weight.rows);
  engine::classify(model, features.first.data(), first_tokens, logits.data());
  return logits;
}

}  // namespace herosweep::measure
