#include "tests/experiments/store/synthetic_sweep.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <bitset>
#include <cmath>
#include <nlohmann/json.hpp>

#include "experiments/stats/stats.h"

namespace herosweep::test {

namespace {

constexpr int kLayers = 2;
constexpr int kExamples = 643;
constexpr double kQualityLoss[] = {.002, .006, .005, .009, .007, .014};  // drift of each module
constexpr double kTimeSaved[] = {.01, .10, .08, .04, .13, .15};          // share of a pass

quant::Plan uniform_plan(const std::string& name, const std::vector<quant::Scheme>& schemes) {
  quant::Plan plan;
  plan.name = name;
  plan.embedding = schemes[0];
  plan.layers.resize(kLayers);
  for (auto& layer : plan.layers)
    for (const quant::Module module : quant::kAllModules)
      layer[module] = schemes[static_cast<size_t>(module)];
  return plan;
}

quant::Plan hero_plan(int bits) {
  std::vector<quant::Scheme> schemes;
  std::string name = "hero-";
  for (int module = 0; module < quant::kModules; ++module) {
    const bool int8 = bits >> (quant::kModules - 1 - module) & 1;
    schemes.push_back(int8 ? quant::Scheme::int8 : quant::Scheme::fp16);
    name += int8 ? '1' : '0';
  }
  return uniform_plan(name, schemes);
}

quant::Plan uniform_scheme(const std::string& name, quant::Scheme gemm, quant::Scheme ffn) {
  using enum quant::Scheme;
  return uniform_plan(name, {fp16, gemm, fp16, gemm, ffn, ffn});
}

std::vector<quant::Plan> other_plans() {
  using enum quant::Scheme;
  return {uniform_scheme("zq-w8a8", w8a8, w8a8),
          uniform_scheme("zq-w48a8", w8a8, w4a8),
          uniform_scheme("zq-w48a16", w8a16, w4a16),
          uniform_scheme("zq-w8a816", w8a8, w8a16),
          uniform_scheme("ptq-w8a8", w8a8_static, w8a8_static),
          uniform_scheme("ptq-w48a16", w8a16_tensor, w4a16_tensor)};
}

sweep::Sweep sweep_of(const std::string& name, std::vector<quant::Plan> plans) {
  sweep::Sweep sweep;
  sweep.name = name;
  sweep.backend = "cpu";
  sweep.model.name = "minilm-l6";
  sweep.model.weights_hash = sweep::canonical_hash("weights");
  sweep.model.config.layers = kLayers;
  sweep.model.config.hidden = 384;
  sweep.model.config.heads = 12;
  sweep.model.config.intermediate = 1536;
  sweep.config_text = "name: " + name + "\n";
  sweep.latency.batch = {1, 8};
  sweep.caption = "MiniLM-L6 & 100 % real text";
  sweep.label_prefix = "minilm";
  sweep.notes = "Calibrated on 1600 training rows.";
  for (const auto& [task, metric] : {std::pair{"binary", tasks::Metric::accuracy},
                                     std::pair{"regression", tasks::Metric::spearman}}) {
    tasks::TaskSpec spec;
    spec.name = task;
    spec.metric = metric;
    sweep.tasks.push_back(spec);
  }
  for (quant::Plan& plan : plans) {
    sweep::Variant variant;
    variant.plan_hash = sweep::canonical_hash({{"plan", plan.name}});
    variant.plan = std::move(plan);
    const int index = static_cast<int>(sweep.variants.size());
    for (const tasks::TaskSpec& task : sweep.tasks) {
      const nlohmann::json identity{{"plan", variant.plan_hash}, {"task", task.name}};
      sweep.trials.push_back({sweep::canonical_hash(identity), task.name, index, identity.dump()});
    }
    sweep.variants.push_back(std::move(variant));
  }
  return sweep;
}

/// Scaled so that every scheme counts: 0 for FP16, 1 for INT8, more for four bits.
double harm(quant::Scheme scheme) {
  using enum quant::Scheme;
  switch (scheme) {
    case fp16:
      return 0;
    case w4a8:
    case w4a16:
    case w4a16_tensor:
      return 12;
    case w8a8_static:
      return 6;
    default:
      return 1;
  }
}

double total(const quant::Plan& plan, const double* share, double (*weight)(quant::Scheme)) {
  double sum = 0;
  for (const quant::Module module : quant::kAllModules)
    sum += share[static_cast<size_t>(module)] * weight(plan.scheme(0, module));
  return sum;
}

double speed(quant::Scheme scheme) {
  if (scheme == quant::Scheme::fp16) return 0;
  return scheme == quant::Scheme::int8 ? 1 : .9;
}

bool is_simulated(const quant::Plan& plan) {
  return plan.scheme(0, quant::Module::fc1) == quant::Scheme::w4a8;
}

bool is_weight_only(const quant::Plan& plan) {
  const quant::Scheme scheme = plan.scheme(0, quant::Module::fc2);
  return scheme == quant::Scheme::w4a16 || scheme == quant::Scheme::w4a16_tensor ||
         scheme == quant::Scheme::w8a16;
}

measure::TaskResult binary_result(double drift, int variant) {
  measure::TaskResult task;
  task.task = "binary";
  task.metric = "accuracy";
  task.n = kExamples;
  const int wrong =
      63 + static_cast<int>(std::lround(90 * std::max(0.0, drift - .03))) - (variant * 7) % 3;
  for (int i = 0; i < kExamples; ++i) {
    task.outcomes.label.push_back(static_cast<float>(i % 2));
    task.outcomes.prediction.push_back(static_cast<float>(i < wrong ? 1 - i % 2 : i % 2));
    task.outcomes.decision.push_back(static_cast<float>(i % 2 ? .5 : -.5));
  }
  task.value = static_cast<double>(kExamples - wrong) / kExamples;
  task.interval = stats::wilson(kExamples - wrong, kExamples);
  task.flips = std::lround(drift * 170);
  task.drift = drift;
  task.cosine = 1 - drift * .12;
  task.kl = drift * drift / 2;
  task.max_error = drift * 9;
  task.head_hash = "head-binary";
  return task;
}

measure::TaskResult regression_result(double drift) {
  measure::TaskResult task = binary_result(drift, 0);
  task.task = "regression";
  task.metric = "spearman";
  task.n = 805;
  task.outcomes = {std::vector<float>(805, .25f), std::vector<float>(805, .25f),
                   std::vector<float>(805, .5f)};
  task.value = .8415 - drift * drift * .5;
  task.interval = {task.value - .021, task.value + .019};
  task.flips = -1;
  task.kl = 0;
  task.head_hash = "head-regression";
  return task;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "herosweep-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
  std::filesystem::remove_all(path_, ignored);
}

sweep::Sweep small_sweep() {
  return sweep_of("small",
                  {hero_plan(0), hero_plan(0b110010), hero_plan(0b111110), hero_plan(0b111111)});
}

sweep::Sweep full_sweep() {
  std::vector<quant::Plan> plans;
  for (int bits = 0; bits < 64; ++bits) plans.push_back(hero_plan(bits));
  for (quant::Plan& plan : other_plans()) plans.push_back(std::move(plan));
  return sweep_of("minilm-hero", std::move(plans));
}

std::string environment_text() {
  return R"({"host": "bench", "cpu": "Example CPU 9000", "git_sha": "0123abc",
             "git_dirty": false, "libraries": {"torch": "2.11.0"}})";
}

std::vector<std::string> trials_of(const sweep::Sweep& sweep, int variant) {
  std::vector<std::string> hashes;
  for (const sweep::TrialRef& trial : sweep.trials)
    if (trial.variant == variant) hashes.push_back(trial.trial_hash);
  return hashes;
}

measure::AccuracyResult accuracy_of(const sweep::Sweep& sweep, int variant) {
  const quant::Plan& plan = sweep.variants[variant].plan;
  const double drift = total(plan, kQualityLoss, harm);
  measure::AccuracyResult result;
  result.tasks = {binary_result(drift, variant), regression_result(drift)};
  result.execution = is_simulated(plan)     ? "simulated"
                     : is_weight_only(plan) ? "weight-only"
                                            : "integer";
  result.compute_dtype = "float32";
  result.weight_bytes = 90'000'000 - std::lround(1.2e8 * total(plan, kTimeSaved, speed));
  result.workspace_bytes = 4 << 20;
  result.peak_rss_bytes = result.weight_bytes + (300 << 20);
  result.launches_per_layer = 9;
  result.calibration_rows = variant == 0 ? 0 : 1600;
  result.calibration_rows_asked = variant == 0 ? 0 : 1600;
  for (int layer = 0; layer < kLayers; ++layer)
    result.layers.push_back(
        {layer, 1 - drift * .1, drift > 0 ? -20 * std::log10(drift) : INFINITY});
  if (variant != 0) result.saturation = {{0, quant::Site::gelu, 1000, 3}};
  result.seconds = 1.5;
  return result;
}

measure::LatencyResult latency_of(const sweep::Sweep& sweep, const std::vector<int>& variants,
                                  int batch, int rounds) {
  measure::LatencyResult result;
  result.batch = batch;
  result.seq_len = 128;
  result.threads = 1;
  result.baseline_plan_hash = sweep.variants[0].plan_hash;
  result.warmup_rounds = 3;
  result.clock_mhz_before = 2600;
  result.clock_mhz_after = 2590;
  for (const int variant : variants) {
    const double share = 1 - total(sweep.variants[variant].plan, kTimeSaved, speed);
    measure::LatencySamples samples{sweep.variants[variant].plan_hash, {}};
    for (int round = 0; round < rounds; ++round) {
      // The clock drifts from round to round, for all plans alike; each sample jitters by itself.
      const double clock = 1 + .02 * std::sin(round * .7);
      const double jitter = 1 + .004 * std::sin(round * 2.1 + variant);
      samples.nanoseconds.push_back(
          std::llround(8e6 * (batch == 1 ? 1 : 7) * share * clock * jitter));
    }
    result.plans.push_back(std::move(samples));
  }
  return result;
}

std::vector<int> measurable_variants(const sweep::Sweep& sweep) {
  std::vector<int> variants;
  for (size_t i = 0; i < sweep.variants.size(); ++i)
    if (!is_simulated(sweep.variants[i].plan)) variants.push_back(static_cast<int>(i));
  return variants;
}

std::string query_text(store::Store& store, const std::string& sql) {
  SQLite::Statement query(store.database(), sql);
  return query.executeStep() ? query.getColumn(0).getString() : std::string();
}

}  // namespace herosweep::test
