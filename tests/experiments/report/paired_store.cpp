#include "tests/experiments/report/paired_store.h"

#include <nlohmann/json.hpp>

#include "experiments/stats/random.h"
#include "experiments/tasks/metrics.h"

namespace herosweep::test {

namespace {

constexpr uint64_t kTwinSeed = 1, kLabelSeed = 2, kNoiseSeed = 10;
constexpr float kLabelNoise = .8f;
constexpr float kModuleNoise[] = {.004f, .03f, .02f, .05f, .06f, .08f};

/// Uniform in [-1, 1), [n].
std::vector<float> draws(uint64_t seed, int n) {
  stats::Random random(seed);
  std::vector<float> values;
  for (int i = 0; i < n; ++i)
    values.push_back(static_cast<float>(random.below(20'000)) / 10'000.f - 1);
  return values;
}

void add(std::vector<float>& to, const std::vector<float>& values, float factor) {
  for (size_t i = 0; i < to.size(); ++i) to[i] += factor * values[i];
}

std::vector<float> decisions(const quant::Plan& plan, int n) {
  std::vector<float> z = draws(kTwinSeed, n);
  const float layers = static_cast<float>(plan.layers.size());
  for (const quant::Module module : quant::kAllModules) {
    float share = 0;  // of the layers in which this module is quantized
    for (int layer = 0; layer < static_cast<int>(plan.layers.size()); ++layer)
      share += plan.scheme(layer, module) != quant::Scheme::fp16 ? 1 / layers : 0;
    const auto m = static_cast<size_t>(module);
    add(z, draws(kNoiseSeed + m, n), share * kModuleNoise[m]);
  }
  return z;
}

std::vector<float> signs(std::vector<float> values) {
  for (float& value : values) value = value > 0 ? 1.f : 0.f;
  return values;
}

void fill(measure::TaskResult& task, const std::vector<float>& z, const std::vector<float>& twin) {
  const int n = static_cast<int>(z.size());
  const tasks::Metric metric = tasks::metric_from_name(task.metric);
  const bool classes = tasks::is_classification(metric);
  std::vector<float> label = draws(kTwinSeed, n);
  add(label, draws(kLabelSeed, n), kLabelNoise);
  task.outcomes = {classes ? signs(z) : z, z, classes ? signs(label) : label};
  task.n = n;
  task.value = tasks::score(metric, task.outcomes.prediction, task.outcomes.label);
  task.interval =
      tasks::score_interval(metric, task.outcomes.prediction, task.outcomes.label, 100, 0);
  task.drift = stats::drift(twin, z);
  task.flips = classes ? 0 : -1;
  const std::vector<float> twin_signs = signs(twin);
  for (size_t i = 0; classes && i < z.size(); ++i)
    task.flips += task.outcomes.prediction[i] != twin_signs[i];
}

}  // namespace

measure::AccuracyResult paired_accuracy(const sweep::Sweep& sweep, int variant) {
  measure::AccuracyResult result = accuracy_of(sweep, variant);
  for (measure::TaskResult& task : result.tasks)
    fill(task, decisions(sweep.variants[variant].plan, task.n),
         decisions(sweep.variants[0].plan, task.n));
  return result;
}

PairedStore::PairedStore(sweep::Sweep filled)
    : sweep(std::move(filled)),
      store(folder / "paired.db", store::Store::Mode::read_write),
      id(store.begin_sweep(sweep, nlohmann::json::parse(environment_text()))) {
  for (size_t v = 0; v < sweep.variants.size(); ++v) {
    const int variant = static_cast<int>(v);
    store.record_accuracy(id, trials_of(sweep, variant), sweep.variants[v].plan_hash,
                          paired_accuracy(sweep, variant));
  }
  store.record_latency(id, sweep, latency_of(sweep, measurable_variants(sweep), 1, 30));
  store.record_latency(id, sweep, latency_of(sweep, measurable_variants(sweep), 8, 10));
}

}  // namespace herosweep::test
